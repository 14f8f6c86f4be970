"""YAML of which there is one reading: a value on which YAML 1.1 and YAML 1.2 differ is refused.

PyYAML reads YAML 1.1. DVC reads params.yaml with ruamel.yaml, as YAML 1.2: `013` is 11 to the one and 13 to the other,
`off` is false and a text, `1e1` a text and a number. A value that ran must be the value that DVC records. So every text
is read by both, and they must give the same values of the same types. Keys are texts, each once in its mapping.

There is one exception. DVC writes a small number as `1e-05` (`dvc exp run -S humaid_ner.training.learning_rate=1e-5`).
That is a number in YAML 1.2 and a text in YAML 1.1. It is the number here too: any other reading would refuse what DVC
wrote.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from crisisflow.errors import CrisisflowError

Keys = tuple[str | int, ...]


class YamlFault(Exception):
    """What is wrong with a YAML text, in one line, and in which of its lines (from 1), where that is known."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(" ".join(reason.split()))
        self.line = line


class _Strict(yaml.constructor.SafeConstructor):
    """The safe constructor takes any key, keeps the last of two equal ones, and lets the errors of int() and date()
    through.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not (isinstance(key, yaml.ScalarNode) and key.tag.endswith((":str", ":merge"))):
                what = key.value if isinstance(key, yaml.ScalarNode) else f"a {key.id}"
                raise yaml.MarkedYAMLError(
                    problem=f"a key must be text, and {what} is none (quotes make it text)", problem_mark=key.start_mark
                )
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value} stands there twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (yaml.YAMLError, RecursionError):
            raise
        except Exception as error:  # of int(), float(), date() and the like: there is no list of them
            text = node.value if isinstance(node, yaml.ScalarNode) else f"a {node.id}"
            why = f" ({error})" if isinstance(error, ValueError) else ""
            kind = node.tag.rpartition(":")[2]
            raise yaml.MarkedYAMLError(problem=f"{text} is no {kind}{why}", problem_mark=node.start_mark) from None


class _Loader(_Strict, yaml.SafeLoader):
    """It also reads `1e-05` as a number, as YAML 1.2 does."""


# repr(float), which DVC writes, has a sign in each exponent: `1e1` and `12e03` stay refused.
_FLOAT = ("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+e[-+][0-9]+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(*_FLOAT)
_QuickLoader = _Loader
if yaml.__with_libyaml__:

    class _QuickLoader(yaml.composer.Composer, yaml.cyaml.CParser, _Strict, yaml.resolver.Resolver):  # type: ignore[no-redef]
        """libyaml finds the events, PyYAML composes them: libyaml's own composer ends Python where nesting is deep."""

        def __init__(self, stream: str) -> None:
            yaml.cyaml.CParser.__init__(self, stream)
            for part in (yaml.composer.Composer, yaml.constructor.SafeConstructor, yaml.resolver.Resolver):
                part.__init__(self)

    _QuickLoader.add_implicit_resolver(*_FLOAT)


def parse(text: str) -> Any:
    """The value of a YAML text.

    Raises:
        YamlFault: it is no YAML, has a key twice or a key that is no text, or YAML 1.1 and 1.2 read it differently.
    """
    return _parse(text, _Loader)


def parse_quickly(text: str) -> Any:
    """The value of a YAML text, by libyaml: in a fourth of the time.

    It is for files that only crisisflow reads. libyaml takes a few texts that PyYAML, and so Snakemake, refuses. What
    it refuses is read by `parse`, so that the faults are the same.
    """
    try:
        return _parse(text, _QuickLoader)
    except YamlFault:
        return parse(text)


def _parse(text: str, loader: type[_Strict]) -> Any:
    from ruamel.yaml import YAML

    found = _read("not valid YAML", lambda: yaml.load(text, Loader=loader))
    other = _read("not valid in YAML 1.2, which DVC reads", lambda: YAML(typ="safe").load(text))
    if difference := _difference(found, other, (), set()):
        keys, ours, theirs = difference
        raise YamlFault(
            f"{'.'.join(map(str, keys))} is {ours!r} in YAML 1.1 and {theirs!r} in YAML 1.2, which DVC reads; "
            "write it so that both agree: text in quotes, true or false, 13 for 013",
            _line(text, keys),
        )
    return found


def _read(otherwise: str, load: Callable[[], Any]) -> Any:
    """What `load` makes of a text; whatever it throws becomes a fault."""
    try:
        return load()
    except RecursionError:
        raise YamlFault(f"{otherwise}: it is nested too deeply", None) from None
    except Exception as error:  # of a YAML reader, or of int(), date() and the like: there is no list of them
        mark = getattr(error, "problem_mark", None)
        tagged = (
            "a value is not of the type that its tag says" if isinstance(error, (TypeError, AttributeError)) else ""
        )
        raise YamlFault(
            f"{otherwise}: {getattr(error, 'problem', None) or tagged or error or type(error).__name__}",
            mark.line + 1 if mark else None,
        ) from None


def parse_value(text: str) -> Any:
    """The value of an option: JSON, as the rules write it, or YAML, as people do; raises what `parse` raises.

    JSON is no part of YAML here: `1e-05` is a number in JSON, and a text or a number in YAML.
    """
    try:
        return json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return parse(text)


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _difference(ours: Any, theirs: Any, keys: Keys, seen: set[tuple[int, int]]) -> tuple[Keys, Any, Any] | None:
    """The first place where two readings differ in value, type or order, and both values; None where none does.

    `seen` are the pairs that were compared already: an alias repeats its anchor, which may even hold it.
    """
    if (id(ours), id(theirs)) in seen:
        return None
    seen.add((id(ours), id(theirs)))
    if type(ours) is not type(theirs):
        return keys, ours, theirs
    if isinstance(ours, dict):
        if list(ours) != list(theirs):
            return keys, ours, theirs
        pairs = [(key, ours[key], theirs[key]) for key in ours]
    elif isinstance(ours, list):
        if len(ours) != len(theirs):
            return keys, ours, theirs
        pairs = [(at, own, other) for at, (own, other) in enumerate(zip(ours, theirs, strict=True))]
    else:
        # as text, since a NaN is not equal to itself
        return None if ours == theirs or repr(ours) == repr(theirs) else (keys, ours, theirs)
    inside = (_difference(own, other, (*keys, key), seen) for key, own, other in pairs)
    return next(filter(None, inside), None)


def read_yaml(path: Path, parse: Callable[[str], Any] = parse) -> Any:
    """Read a YAML file; one that cannot be read, or that `parse` refuses, raises CrisisflowError with the line."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except YamlFault as fault:
        line = f", line {fault.line}" if fault.line else ""
        raise CrisisflowError(f"{path}{line}: {fault}") from None
    except UnicodeDecodeError as error:
        raise CrisisflowError(f"{path}: not valid YAML: it is not UTF-8 ({error.reason}, byte {error.start})") from None
    except OSError as error:
        raise CrisisflowError(f"cannot read {path}: {error.strerror or error}") from error


def yaml_line(path: Path, keys: Sequence[str | int]) -> int:
    """The line, from 1, of the entry at `keys` in a YAML file, or of the last of them that is there."""
    return _line(path.read_text(encoding="utf-8"), keys)


def _line(text: str, keys: Sequence[str | int]) -> int:
    node, line = yaml.compose(text, Loader=yaml.SafeLoader), 1
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(key)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            found = (node.value[key], node.value[key])
        else:
            found = None
        if not found:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
