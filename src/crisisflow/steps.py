"""The workflow's steps as commands: the options of `crisisflow STEP` are the parameters of its function.

A step is registered beside its study; those of the shared rooms are here. Of a parameter that is a path, several
paths, text or a whole number, the option is the same; every other value is given as in params.yaml (YAML or JSON) and
checked. What the docstring says under "Args:" is the help.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from importlib import import_module
from inspect import Parameter, Signature
from operator import or_
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import typer
from pydantic import TypeAdapter

from crisisflow.inputs import IN_PROCESSES, Checked
from crisisflow.options import App, checked, value
from crisisflow.signatures import read_function
from crisisflow.studies import STUDIES, Steps

STEPS: Steps = {
    "fetch": ("crisisflow.corpus.fetch:run", "Read and check a source of tweets."),
    "repair": ("crisisflow.corpus.repair:run", "Undo the known damage of HumAID's text."),
    "subset": ("crisisflow.corpus.subset:run", "Draw the stratified subset and split it."),
    "spacy_shard": ("crisisflow.annotation.spacy_shard:run", "Annotation stage 1: spaCy, on a shard of the tweets."),
    "spacy_stage": ("crisisflow.annotation.spacy_stage:run", "Annotation stage 1: join the shards."),
    "ruler_stage": ("crisisflow.annotation.ruler_stage:run", "Annotation stage 2: EntityRuler patterns."),
    "regex_stage": ("crisisflow.annotation.regex_stage:run", "Annotation stage 3: regular expressions."),
    "resolve": ("crisisflow.annotation.resolve:run", "Keep one of the spans that compete for the same text."),
    "quality": ("crisisflow.annotation.quality:run", "Score every annotation stage against gold spans."),
    "source_report": ("crisisflow.annotation.source_report:run", "Report what each stage and pattern brings."),
}


def steps_by_name(rooms: Steps, studies: Mapping[str, Steps]) -> Steps:
    """The steps that have a name to themselves: of the shared rooms, and of the studies.

    A step whose name another has too is only to be had by its study: `crisisflow STUDY STEP`.
    """
    times = Counter(name for steps in (rooms, *studies.values()) for name in steps)
    alone = {name: step for steps in studies.values() for name, step in steps.items() if times[name] == 1}
    return {**rooms, **alone}


BY_NAME = steps_by_name(STEPS, {name: study.steps for name, study in STUDIES.items()})


def command(name: str, target: str, line: str) -> Any:
    """The command of a step, whose module is not imported before it runs.

    Args:
        target: "package.module:function". line: the first sentence of its help.
    """
    function = read_function(target)
    module, _, attribute = target.partition(":")
    given = function.signature.parameters.values()
    launched = [own.name for own in given if IN_PROCESSES in getattr(own.annotation, "__metadata__", ())]

    def step(**values: Any) -> None:
        from crisisflow.training import launch

        for section in launched:
            if launch.needed(values[section].processes):
                launch.run(values[section].processes)
                return
        known = {own.name: values[own.name] for own in given if values[own.name] is not None or _required(own)}
        getattr(import_module(module), attribute)(**known)

    options = [_option(own, function.help.get(own.name)) for own in given]
    step.__signature__ = Signature(options)
    step.__annotations__ = {own.name: own.annotation for own in options}
    app = App()
    app.command(name, help=f"{line}\n\n{function.prose}")(step)
    return typer.main.get_command(app)


def _required(parameter: Parameter) -> bool:
    return parameter.default is Parameter.empty


def _option(parameter: Parameter, help: str | None) -> Parameter:
    """A parameter as typer reads it."""
    kind, default = parameter.annotation, parameter.default
    if get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind):
        kind = reduce(or_, (member for member in get_args(kind) if member is not NoneType))
        default = None if _required(parameter) else default
    several = get_origin(kind) is Sequence and _bare(get_args(kind)[0]) is Path
    own = get_args(kind)[0] if several else kind
    bare = _bare(own)
    if bare is Path:
        checks = [note for note in getattr(own, "__metadata__", ()) if isinstance(note, Checked)]
        option = typer.Option(help=help, callback=checked(checks[0].check) if checks else None)
        read = list[Path] if several else Path
    elif bare is str:
        option, read = typer.Option(help=help), str
    elif bare is int:
        limits = TypeAdapter(own).json_schema()
        option, read = typer.Option(min=limits.get("minimum"), max=limits.get("maximum"), help=help), int
    else:
        option, read = value(own, help), Any
    if default is not Parameter.empty:
        read, default = read | None, default or None
    return Parameter(parameter.name, Parameter.KEYWORD_ONLY, annotation=Annotated[read, option], default=default)


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind
