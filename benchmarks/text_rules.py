"""How the page's rules for texts fare on public sets: `python benchmarks/text_rules.py humaid=FOLDER chile=FOLDER`.

For each set (docs/public_sets.md): the share of posts that are judged, since they are not surely in another language
than English; the stretches of digits that masking covers, and in how many posts; what both cost.
"""

import re
import sys
import time
from pathlib import Path

from crisisflow.corpus.public_set import read
from crisisflow.language import TRAINED_ON, language_of
from crisisflow.masking import COVER, mask

COVERED = re.compile(f"{COVER}+")


def is_number(covered: str) -> bool:
    """Whether it is neither a handle nor an e-mail address."""
    return "@" not in covered and any(map(str.isdigit, covered))


def main() -> None:
    head = (
        "| set | posts | judged | not judged | masked numbers | in posts | language, ms a post | masking, ms a post |"
    )
    print(head + "\n" + "|---" * 8 + "|")
    language_of("the first call loads the model")
    for named in sys.argv[1:]:
        name, _, folder = named.partition("=")
        texts = [post.text for post in read(name, Path(folder))[0]]
        start = time.process_time()
        judged = sum(language_of(text) == TRAINED_ON for text in texts)
        told = time.process_time()
        masked = [mask(text) for text in texts]
        covered = time.process_time()
        numbers = [
            sum(is_number(text[found.start() : found.end()]) for found in COVERED.finditer(own))
            for text, own in zip(texts, masked, strict=True)
        ]
        costs = [1000 * (told - start) / len(texts), 1000 * (covered - told) / len(texts)]
        print(
            f"| {name} | {len(texts):,} | {judged / len(texts):.1%} | {len(texts) - judged:,} | {sum(numbers):,} "
            f"| {sum(map(bool, numbers)):,} | {costs[0]:.2f} | {costs[1]:.2f} |"
        )


if __name__ == "__main__":
    main()
