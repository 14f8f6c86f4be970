"""Vocabulary: the subwords of the mini models, learnt from their corpus by byte-level BPE, or the teacher's own."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from crisisflow.artifacts import read_parquet, write_json, write_text
from crisisflow.embedding import tokenize
from crisisflow.inputs import InputFile
from crisisflow.params import Positive
from crisisflow.pretrained import load_tokenizer
from crisisflow.progress import say
from crisisflow.studies.actionable_help.byte_pairs import learn
from crisisflow.studies.actionable_help.mini_corpus import MINI_CORPUS
from crisisflow.studies.actionable_help.mini_params import VocabularyParams

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
UNCUT = 10_000  # subwords: longer than any text


def as_fast(tokenizer: Tokenizer, positions: int) -> PreTrainedTokenizerFast:
    """The tokenizer as transformers has it; it warns of texts of more subwords than `positions`."""
    names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=positions, **names)


def save(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write TOKENIZER_FILES, from which transformers opens it again."""
    with TemporaryDirectory(prefix="crisisflow-") as written:
        tokenizer.save_pretrained(written)
        for file in TOKENIZER_FILES:
            write_text(folder / file, (Path(written) / file).read_text(encoding="utf-8"))


def subwords_a_text(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> float:
    """The mean number of subwords of a text, special ones included."""
    return sum(map(len, tokenize(texts, tokenizer, UNCUT))) / len(texts)


def run(
    corpus: InputFile,
    teacher: str,
    vocabulary: VocabularyParams | Literal["teacher"],
    positions: Positive,
    tokenizer: Path,
    subwords: Path,
) -> None:
    """Write the tokenizer of the mini models (the files of a transformers tokenizer), and how it cuts held-out texts.

    Args:
        corpus: the texts of the step mini_corpus
        teacher: encoder whose tokenizer is compared, or taken
        vocabulary: section actionable_help.minis.vocabulary
        positions: subwords that a mini takes at most
        tokenizer: folder to write to
        subwords: entries, and subwords a held-out text, ours and the teacher's (JSON)

    Raises:
        CrisisflowError: the vocabulary is smaller than the byte alphabet, or the teacher cannot be loaded.
    """
    table = read_parquet(corpus, MINI_CORPUS)
    texts, held_out = table["text"].to_pylist(), table["held_out"].to_pylist()
    unseen = [text for text, out in zip(texts, held_out, strict=True) if out]
    own = teachers = load_tokenizer(teacher)
    if vocabulary != "teacher":
        seen = [text for text, out in zip(texts, held_out, strict=True) if not out]
        own = as_fast(learn(seen, vocabulary.size, vocabulary.lower_case), positions)
    save(own, tokenizer)
    facts = {
        "entries": len(own),
        "subwords_a_text": subwords_a_text(own, unseen),
        "teacher_entries": len(teachers),
        "teacher_subwords_a_text": subwords_a_text(teachers, unseen),
    }
    write_json(subwords, facts)
    say(
        f"vocabulary: {facts['entries']:,} entries, {facts['subwords_a_text']:.1f} subwords a held-out text; the "
        f"teacher {facts['teacher_entries']:,} and {facts['teacher_subwords_a_text']:.1f}"
    )
