"""The signature of a step's function, read from the text of its module.

To import the module would take seconds, since it imports torch or spaCy. So only the names that the signature itself
needs are imported.
"""

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from inspect import Parameter, Signature, cleandoc
from pathlib import Path
from typing import Any, NamedTuple

# An entry of "Args:" begins in its column, with one name or several; the lines of its text are further in.
_ENTRY = re.compile(r"(\w+(?:, \w+)*): (.*)")
_SECTION = re.compile(r"^(Args|Returns|Yields|Raises):\n((?:    .*\n?|\n)*)", re.MULTILINE)


class StepFunction(NamedTuple):
    """What is known of a function that is not imported.

    `prose` is its docstring without the sections; `help` has the text of each parameter that "Args:" describes.
    """

    signature: Signature
    prose: str
    help: dict[str, str]


class _Imported(dict[str, Any]):
    """The names that a module imports; each is imported when it is asked for."""

    def __init__(self, module: ast.Module) -> None:
        super().__init__()
        self._origin = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in module.body
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }

    def __missing__(self, name: str) -> Any:
        """A name that is not imported is a builtin."""
        module, attribute = self._origin.get(name, ("builtins", name))
        return getattr(import_module(module), attribute)


def _value(node: ast.expr, names: _Imported) -> Any:
    """The value of an annotation or default: a name, a constant, `kind[…]`, `one | other`, a tuple or a list.

    Raises:
        ValueError: it is anything else, such as a call.
    """
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return names[node.id]
        case ast.Subscript():
            return _value(node.value, names)[_value(node.slice, names)]
        case ast.BinOp(op=ast.BitOr()):
            return _value(node.left, names) | _value(node.right, names)
        case ast.Tuple():
            return tuple(_value(own, names) for own in node.elts)
        case ast.List():
            return [_value(own, names) for own in node.elts]
    raise ValueError(f"{ast.unparse(node)} is more than a step's parameter may say; import it by name")


def read_function(target: str) -> StepFunction:
    """Read "package.module:function".

    The annotations and defaults of its parameters use nothing but builtins and what the module imports by name.

    Raises:
        ValueError: the module has no such function, or its parameters say more.
    """
    module, _, name = target.partition(":")
    found = find_spec(module)
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    function = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name), None)
    if function is None or function.args.kwonlyargs or function.args.vararg or function.args.kwarg:
        raise ValueError(f"{target} is no function whose parameters are all named and may be given by position")
    names = _Imported(tree)

    def value(node: ast.expr | None) -> Any:
        return Parameter.empty if node is None else _value(node, names)

    given = function.args.args
    defaults = [None] * (len(given) - len(function.args.defaults)) + function.args.defaults
    parameters = [
        Parameter(own.arg, Parameter.POSITIONAL_OR_KEYWORD, annotation=value(own.annotation), default=value(default))
        for own, default in zip(given, defaults, strict=True)
    ]
    text = cleandoc(ast.get_docstring(function) or "")
    sections = {section[1]: section[2] for section in _SECTION.finditer(text)}
    return StepFunction(Signature(parameters), _SECTION.sub("", text).strip(), _entries(sections.get("Args", "")))


def _entries(section: str) -> dict[str, str]:
    """The text of each name in a section "Args:"."""
    texts: dict[str, str] = {}
    own: list[str] = []
    for line in cleandoc(section).splitlines():
        if entry := _ENTRY.fullmatch(line):
            own = entry[1].split(", ")
            texts |= dict.fromkeys(own, entry[2])
        else:
            texts |= {name: f"{texts[name]} {line.strip()}" for name in own}
    return texts
