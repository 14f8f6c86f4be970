"""The two halves of a corpus: what is read off the labels of one is scored on the other."""

import hashlib


def is_first(post_id: str) -> bool:
    """Whether a post is in the first half: by its id alone, so that no order and no other post changes it."""
    return hashlib.sha256(post_id.encode()).digest()[0] % 2 == 0
