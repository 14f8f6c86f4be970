"""Word vectors of a mini from those of its teacher: each entry is the mean of its teacher subwords, projected."""

import numpy as np
import torch
from transformers import BertModel, PreTrainedTokenizerBase

from crisisflow.errors import CrisisflowError
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.studies.actionable_help.projections import principal

SPECIAL = ("pad_token_id", "cls_token_id", "sep_token_id", "mask_token_id")


def subwords_of_entries(own: PreTrainedTokenizerBase, teachers: PreTrainedTokenizerBase) -> list[list[int]]:
    """The teacher's subwords of each entry of a vocabulary; none of an entry that is no text, such as half a letter."""
    if own.get_vocab() == teachers.get_vocab():
        return [[at] for at in range(len(own))]
    unknown = teachers.unk_token_id
    known = [
        [at for at in ids if at != unknown]
        for ids in teachers([own.decode([at]) for at in range(len(own))], add_special_tokens=False)["input_ids"]
    ]
    for name in SPECIAL:
        ours, theirs = getattr(own, name), getattr(teachers, name)
        if ours is not None:
            known[ours] = [] if theirs is None else [theirs]
    return known


def start_from_teacher(encoder: BertModel, tokenizer: PreTrainedTokenizerBase, teacher: str) -> None:
    """Put the teacher's word vectors, projected by PCA, into the encoder; entries without any keep their random ones.

    Raises:
        CrisisflowError: the encoder is wider than the teacher.
    """
    table = load_encoder(teacher, None).get_input_embeddings().weight.detach()
    own = encoder.get_input_embeddings().weight
    if own.shape[1] > table.shape[1]:
        raise CrisisflowError(
            f"a mini that is {own.shape[1]} wide cannot start from the word vectors of {teacher}, which are "
            f"{table.shape[1]} wide; set actionable_help.minis.start to random"
        )
    vectors = table.numpy()
    projected = torch.from_numpy(principal(vectors, own.shape[1])(vectors))
    with torch.no_grad():
        for at, subwords in enumerate(subwords_of_entries(tokenizer, load_tokenizer(teacher))):
            if subwords:
                own[at] = projected[np.array(subwords)].mean(dim=0)
