"""Posts of alerts with what names or reaches a person covered."""

from crisisflow.ingest.incident import Post
from crisisflow.masking import mask
from crisisflow.serving.private import cover, hidden


def covered(post: Post) -> str:
    """Its text with handles, addresses, phone numbers, people and streets covered."""
    return cover(mask(post.text), [*post.names, *hidden(post.text, [])])
