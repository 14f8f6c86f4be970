"""Whole words as nodes (ledger, entry 3): a word of several subwords has an id behind those of the vocabulary.

A word begins where the tokenizer says so (WordPiece marks what goes on, SentencePiece what begins), and at a mark of
punctuation and behind it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from crisisflow.studies.gnom.cooccurrence import Chunk

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Pieces = tuple[int, ...]

GOES_ON, BEGINS = "##", ("▁", "Ġ")
FACTOR = 6_364_136_223_846_793_005  # odd, of Knuth's MMIX generator
LONGEST = 64  # subwords of a word that are told apart by their place


class Marks(NamedTuple):
    """Of each token of a vocabulary whether it begins a word, and whether it is a word of its own: booleans."""

    begins: Tensor
    alone: Tensor


def marks_of(tokenizer: "PreTrainedTokenizerBase") -> Marks:
    """The marks of a tokenizer's vocabulary. Special tokens and punctuation are words of their own."""
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    # A vocabulary of one kind may have a token that looks like the other's mark.
    by_rest = sum(own.startswith(GOES_ON) for own in tokens) > sum(own.startswith(BEGINS) for own in tokens)
    begins = [not own.startswith(GOES_ON) if by_rest else own.startswith(BEGINS) for own in tokens]
    special = {*tokenizer.all_special_ids}
    alone = [at in special or not any(map(str.isalnum, _bare(own))) for at, own in enumerate(tokens)]
    return Marks(torch.tensor(begins), torch.tensor(alone))


def _bare(token: str) -> str:
    return token.removeprefix(GOES_ON).lstrip("".join(BEGINS))


def name_of(pieces: Iterable[str]) -> str:
    """The word as it is written, with the mark of its beginning if the tokenizer has one."""
    first, *rest = pieces
    return first + "".join(own.removeprefix(GOES_ON) for own in rest)


def means_of(table: np.ndarray, pieces: Sequence[Pieces]) -> np.ndarray:
    """The mean of these rows of a table, of each node: [nodes, d]."""
    sizes = np.array([len(own) for own in pieces], dtype=np.int64)
    flat = np.fromiter((piece for own in pieces for piece in own), np.int64, sizes.sum())
    found = table[flat[np.cumsum(sizes) - sizes]]
    for at in np.flatnonzero(sizes > 1):
        found[at] = table[list(pieces[at])].mean(axis=0)
    return found


class _Split(NamedTuple):
    """Words of token ids: where each begins [words], its tokens, its key, and the word of each token [tokens]."""

    begins: Tensor
    sizes: Tensor
    keys: Tensor
    word: Tensor


class WordIds(nn.Module):
    """The ids of words: that of the token of one subword; of several, the size of the vocabulary and more.

    Words that are not known have the last id, `size` - 1.

    Args:
        words: the known words of several subwords, in ascending order.
    """

    def __init__(self, marks: Marks, words: Sequence[Pieces]) -> None:
        super().__init__()
        self.words = list(words)
        self.vocabulary = len(marks.begins)
        powers = [pow(FACTOR, at, 2**64) for at in range(LONGEST)]
        self.register_buffer("powers", torch.tensor(np.array(powers, dtype=np.uint64).astype(np.int64)), False)
        self.register_buffer("begins", marks.begins, False)
        self.register_buffer("alone", marks.alone, False)
        flat = torch.tensor([piece for own in self.words for piece in own], dtype=torch.int64)
        first = torch.tensor([not at for own in self.words for at in range(len(own))], dtype=torch.bool)
        keys, order = torch.sort(self._split(flat, first, True).keys)
        self.register_buffer("keys", keys, False)
        self.register_buffer("order", order, False)

    @property
    def size(self) -> int:
        """How many ids there are."""
        return self.vocabulary + len(self.words) + 1

    def pieces(self, number: int) -> Pieces:
        """The tokens of a known word."""
        return (number,) if number < self.vocabulary else self.words[number - self.vocabulary]

    def forward(self, input_ids: Tensor) -> Tensor:
        """The id of each token's word: [batch, length], as `input_ids`."""
        first = torch.zeros_like(input_ids, dtype=torch.bool)
        first[:, 0] = True
        split = self._split(input_ids.flatten(), first.flatten())
        return self._ids(split, input_ids.flatten())[split.word].reshape(input_ids.shape)

    def chunk(self, tokens: Chunk) -> Chunk:
        """The words of texts: each once."""
        if not len(tokens.ids):
            return tokens
        ids, split, text = self._of_chunk(tokens)
        lengths = np.bincount(text[split.begins.numpy()], minlength=len(tokens.lengths))
        return Chunk(self._ids(split, ids).numpy().astype(np.int32), lengths)

    def several(self, tokens: Chunk) -> Iterator[Pieces]:
        """The words of several subwords in texts, each once."""
        if not len(tokens.ids):
            return
        ids, split, _ = self._of_chunk(tokens)
        _, at = np.unique(split.keys.numpy(), return_index=True)
        for begin, size in zip(split.begins[at].tolist(), split.sizes[at].tolist(), strict=True):
            if size > 1:
                yield tuple(ids[begin : begin + size].tolist())

    def _of_chunk(self, tokens: Chunk) -> tuple[Tensor, _Split, np.ndarray]:
        ids, text = (
            torch.from_numpy(tokens.ids.astype(np.int64)),
            np.repeat(np.arange(len(tokens.lengths)), tokens.lengths),
        )
        first = np.append(True, text[1:] != text[:-1])
        return ids, self._split(ids, torch.from_numpy(first)), text

    def _split(self, ids: Tensor, first: Tensor, one_word: bool = False) -> _Split:
        """Args: first: which tokens are the first of a text [tokens]. one_word: whether the ids are those of a word."""
        start = first.clone()
        if not one_word:
            alone = self.alone[ids]
            start |= self.begins[ids] | alone
            start[1:] |= alone[:-1]
        at = torch.arange(len(ids), device=ids.device)
        begins, word = at[start], start.cumsum(0) - 1
        place = (at - begins[word]).clamp(max=LONGEST - 1)
        sizes = torch.bincount(word)
        keys = torch.zeros(len(begins), dtype=torch.int64, device=ids.device)
        return _Split(begins, sizes, keys.scatter_add(0, word, (ids + 1) * self.powers[place]), word)

    def _ids(self, split: _Split, ids: Tensor) -> Tensor:
        """The id of each word: [words]."""
        unknown = torch.full_like(split.keys, self.size - 1)
        if len(self.keys):
            place = torch.searchsorted(self.keys, split.keys).clamp(max=len(self.keys) - 1)
            known = self.keys[place] == split.keys
            unknown = torch.where(known, self.vocabulary + self.order[place], unknown)
        return torch.where(split.sizes == 1, ids[split.begins], unknown)


def words_in(tokenizer: "PreTrainedTokenizerBase", chunks: Iterable[Chunk]) -> WordIds:
    """The ids of all words in texts."""
    marks = marks_of(tokenizer)
    nothing = WordIds(marks, [])
    return WordIds(marks, sorted({own for chunk in chunks for own in nothing.several(chunk)}))
