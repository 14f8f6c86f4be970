"""What patterns need of a text: short strings, of which every match of a pattern holds at least one.

To look for some hundred strings one after the other takes as long as the search for the patterns that are left. Texts
are made of the same words, so what a word holds is found out once.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add, or_

KEPT = 100_000  # words that are kept in mind
LONGEST = 50  # letters of one; a longer one is hardly met again


class _Words(dict[str, int]):
    """The patterns, as bits, of whose strings a word holds one; found out when a word is first asked for."""

    def __init__(self, bits: dict[str, int]) -> None:
        self._letters: dict[str, int] = {}
        self._by_pair: dict[str, list[tuple[str, int]]] = {}  # longer strings by what they begin with
        for string, own in bits.items():
            if len(string) == 1:
                self._letters[string] = own
            else:
                self._by_pair.setdefault(string[:2], []).append((string, own))

    def __missing__(self, word: str) -> int:
        found, padded = 0, f" {word} "
        for letter in self._letters.keys() & word:
            found |= self._letters[letter]
        for pair in self._by_pair.keys() & map(add, padded, padded[1:]):
            for string, own in self._by_pair[pair]:
                if string in padded:
                    found |= own
        if len(word) <= LONGEST:
            if len(self) >= KEPT:
                self.clear()
            self[word] = found
        return found


class Needs:
    """The needs of several patterns.

    Args:
        needs: the strings of each pattern, in lower case, none of them empty
    """

    def __init__(self, needs: Sequence[Sequence[str]]) -> None:
        bits: dict[str, int] = {}  # of each string
        for number, strings in enumerate(needs):
            for string in strings:
                bits[string] = bits.get(string, 0) | 1 << number
        self._words = _Words({string: own for string, own in bits.items() if len(string.split()) == 1})
        # Those with a blank inside are of no single word.
        self._long = [(string, own) for string, own in bits.items() if len(string.split()) != 1]
        self._patterns = [(number, 1 << number) for number in range(len(needs))]

    def met(self, lower: str) -> list[int]:
        """The patterns, by their place, of whose strings a text in lower case holds one; the others cannot match.

        A blank that a string begins or ends with stands for any white space, and for the edge of the text.
        """
        found = reduce(or_, map(self._words.__getitem__, lower.split()), 0)
        for string, own in self._long:
            if string in lower:
                found |= own
        return [number for number, bit in self._patterns if found & bit]
