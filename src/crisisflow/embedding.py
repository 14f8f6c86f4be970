"""Sentence embeddings of texts: the mean of an encoder's token states (Reimers and Gurevych 2019, "Sentence-BERT")."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from crisisflow.model.heads import mean_of
from crisisflow.pretrained import check_length, load_encoder, load_tokenizer
from crisisflow.progress import Progress
from crisisflow.training.batching import Examples, collate, evaluation_order, rows_within
from crisisflow.training.device import Device, open_device

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKENIZED_AT_ONCE = 10_000  # texts: the tokenizer's own objects are far larger than the ids


def tokenize(texts: Sequence[str], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> list[list[int]]:
    """The subword ids of each text, special ones included, cut to `max_length`."""
    ids: list[list[int]] = []
    for begin in range(0, len(texts), TOKENIZED_AT_ONCE):
        part = list(texts[begin : begin + TOKENIZED_AT_ONCE])
        ids += tokenizer(part, truncation=True, max_length=max_length, return_attention_mask=False)["input_ids"]
    return ids


class SentenceEncoder:
    """An encoder that embeds texts, loaded once.

    Args:
        encoder: `embedded:NAME`, `NAME@REVISION` of the model hub, or a folder (crisisflow.pretrained).
        max_length: subwords of a text at most, special ones included; longer texts are cut.
        batch_size: texts of a batch.
        option: the parameter that `max_length` is from, as errors name it; None of a constant.

    Raises:
        CrisisflowError: the encoder cannot be loaded, or has fewer positions than `max_length`.
    """

    def __init__(
        self, encoder: str, max_length: int, batch_size: int, device: Device, option: str | None = None
    ) -> None:
        check_length(encoder, max_length, option)
        self.name, self.max_length, self.batch_size, self.device = encoder, max_length, batch_size, device
        self.tokenizer = load_tokenizer(encoder)
        model = load_encoder(encoder, None).eval()
        device.prepare(model)
        self.model = device.place(model)
        self.width: int = model.config.hidden_size

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """The embeddings of the texts, in their order: float32 [texts, d], not normalised.

        Texts of similar length share a batch, so the last bits of an embedding depend on the other texts. The same
        texts in the same order give the same bytes.
        """
        return self.embed_ids(tokenize(texts, self.tokenizer, self.max_length))

    def embed_ids(self, texts: list[list[int]]) -> np.ndarray:
        """The embeddings of texts that are given as subword ids, special ones included."""
        examples = Examples([], texts, {})
        lengths = examples.lengths()
        ordered = sorted(range(len(texts)), key=lambda at: -lengths[at])
        batches = [ordered[begin : begin + self.batch_size] for begin in range(0, len(ordered), self.batch_size)]
        return self._embed(examples, batches, [self.batch_size] * len(batches))

    def embed_in_blocks(self, texts: Sequence[str], subwords: int) -> np.ndarray:
        """As `embed`, in blocks of at most `subwords` padded subwords (or of one text) in place of batches of texts.

        On a CPU small blocks are faster: what a layer makes of 2,048 subwords fits into its caches.
        """
        examples = Examples([], tokenize(texts, self.tokenizer, self.max_length), {})
        lengths, shapes = examples.lengths(), self.device.shapes(self.max_length)
        blocks = evaluation_order(lengths, subwords, shapes)
        return self._embed(examples, blocks, [rows_within(shapes.length(lengths[own[0]]), subwords) for own in blocks])

    @torch.no_grad()  # XLA has no inference mode
    def _embed(self, examples: Examples, batches: Sequence[list[int]], rows: Sequence[int]) -> np.ndarray:
        """The embeddings of the examples, by batches of their places; `rows` of each batch where it is filled up."""
        shapes, padding_id = self.device.shapes(self.max_length), self.tokenizer.pad_token_id
        found = np.zeros((len(examples.input_ids), self.width), dtype=np.float32)
        progress = Progress(f"Embedding by {self.name}", len(found), shown=self.device.writes)
        for indices, height in zip(batches, rows, strict=True):
            batch = self.device.place_batch(collate(examples, indices, padding_id, shapes, height))
            hidden = self.model(input_ids=batch.input_ids, attention_mask=batch.mask).last_hidden_state
            pooled = mean_of(hidden.float(), batch.mask)
            self.device.sync()
            found[indices] = self.device.to_host(pooled).numpy()[: len(indices)]
            progress.advance(len(indices))
        progress.close()
        return found


def embed(texts: Sequence[str], encoder: str, max_length: int, batch_size: int) -> np.ndarray:
    """The mean-pooled embeddings of the texts by an encoder, on one CPU thread: float32 [texts, d], not normalised.

    The bytes do not depend on the number of cores. See SentenceEncoder for the arguments and errors.
    """
    return SentenceEncoder(encoder, max_length, batch_size, open_device("cpu", threads=1, processes=1)).embed(texts)
