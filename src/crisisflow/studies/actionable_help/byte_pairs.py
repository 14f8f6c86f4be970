"""Byte pairs: a subword vocabulary learnt by byte-level BPE, whose bytes are the same in each run."""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.mini_params import LEAST_VOCABULARY, SPECIAL_SUBWORDS

LEAST_FREQUENCY = 2  # of a pair that becomes an entry: what occurs once is no word of the domain


def learn(texts: Iterable[str], size: int, lower_case: bool) -> Tokenizer:
    """A byte-level BPE tokenizer (Sennrich et al. 2016; bytes: Radford et al. 2019) of at most `size` entries.

    The bytes of what it saves are the same in each run. (Those of the WordPiece and Unigram trainers of `tokenizers`
    are not.) It has fewer entries than `size` where the texts have no more pairs of subwords that occur twice.

    Raises:
        CrisisflowError: the size is below that of the byte alphabet with the special subwords.
    """
    if size < LEAST_VOCABULARY:
        raise CrisisflowError(
            f"a vocabulary of {size} entries cannot hold the byte alphabet; give {LEAST_VOCABULARY} or more"
        )
    tokenizer = Tokenizer(models.BPE())
    forms = [normalizers.NFC(), *([normalizers.Lowercase()] if lower_case else [])]
    tokenizer.normalizer = normalizers.Sequence(forms)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=LEAST_FREQUENCY,
        special_tokens=list(SPECIAL_SUBWORDS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),  # offsets without the blank before a word
            processors.TemplateProcessing(
                single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
            ),
        ]
    )
    return tokenizer
