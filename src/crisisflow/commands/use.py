"""Commands to use what is trained, and the annotation."""

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from crisisflow.errors import CrisisflowError
from crisisflow.options import USE, App
from crisisflow.studies import LEADING, SHIPPED, STUDIES

if TYPE_CHECKING:
    from crisisflow.serving.choice import Choice
    from crisisflow.serving.desk import Desk
    from crisisflow.serving.help_model import HelpModel
    from crisisflow.serving.topics import TopicModel

EXPLAINED = 10_000  # characters of a text, as in a request to the server; its time and memory grow with them

app = App()

OF_LEADING, MODEL_HERE = Path("results", LEADING), Path("models", SHIPPED)
MODEL = typer.Option(
    help=f"folder of a shipped model. Where neither a model nor a row is named: {MODEL_HERE}, unless the results have "
    "a row that was trained on real tweets"
)
RESULTS = typer.Option(help=f"folder of results whose row is used; {OF_LEADING} without it")
ROW = typer.Option(help="row to use; without it, the one that metrics.json chose")
SEED = typer.Option(help="its seed; without it, the first")
RUNTIME = typer.Option(
    help="what computes: onnx (the default of a row), onnx-int8 (smaller and less exact; a shipped model has only this "
    "one), or torch"
)
THREADS = typer.Option(min=1, help="CPU threads of the model")
SHA256 = typer.Option(help="refuse weights with another sha256 than this")


def _choice(model: Path | None, results: Path | None, row: str | None, seed: int | None, params: Path) -> "Choice":
    """What the options name; the default where they name nothing."""
    from crisisflow.serving.choice import Choice, by_default

    of_row = (results, row, seed) != (None, None, None)
    if model is None and not of_row:
        return by_default(OF_LEADING, MODEL_HERE, params)
    if model is not None and of_row:
        raise CrisisflowError("--model is a model without rows; leave out --results, --row and --seed, or --model")
    return Choice(results or OF_LEADING, row, seed, model)


@app.command("preset", rich_help_panel=USE)
def preset_command(
    name: Annotated[str, typer.Argument(help="sample, laptop or paper")],
    out: Annotated[Path, typer.Option(help="where to write")] = Path("params.yaml"),
    study: Annotated[
        str | None,
        typer.Option(help="replace only the section of this study; the other lines of params.yaml stay as they are"),
    ] = None,
) -> None:
    """Write a preset to params.yaml."""
    from crisisflow.studies import write_preset

    write_preset(name, Path("presets"), out, study)


@app.command("public_set", rich_help_panel=USE)
def public_set_command(
    name: Annotated[str, typer.Argument(help="one of the sets of docs/public_sets.md")],
    source: Annotated[Path, typer.Argument(help="the folder or the archive (zip, tar) with its files")],
    out: Annotated[Path, typer.Option(help="the table of posts, as Parquet")],
    manifest: Annotated[Path, typer.Option(help="what was read and dropped, as JSON")],
) -> None:
    """Read a public set of crisis posts into one table."""
    from crisisflow.corpus.public_set import run

    run(name, source, out, manifest)


@app.command("explain", rich_help_panel=USE)
def explain_command(
    text: Annotated[str, typer.Argument(help="the text of a tweet, or - for standard input")],
    params: Annotated[Path, typer.Option(help="whose section annotation is used")] = Path("params.yaml"),
) -> None:
    """Tell why a text gets the spans that it gets."""
    from crisisflow.params import SharedParams, read_own
    from crisisflow.text_input import text_of

    own, annotation = text_of(text, EXPLAINED), read_own(params, SharedParams).annotation
    from crisisflow.annotation.explain import explain

    for line in explain(own, annotation):
        print(line)


@app.command("predict", rich_help_panel=USE)
def predict_command(
    file: Annotated[str, typer.Argument(help='JSON Lines with a "text" in each, or - for standard input')],
    model: Annotated[Path | None, MODEL] = None,
    results: Annotated[Path | None, RESULTS] = None,
    row: Annotated[str | None, ROW] = None,
    seed: Annotated[int | None, SEED] = None,
    runtime: Annotated[Literal["onnx", "onnx-int8", "torch"] | None, RUNTIME] = None,
    threads: Annotated[int, THREADS] = 1,
    sha256: Annotated[str | None, SHA256] = None,
    masking: Annotated[
        bool,
        typer.Option(
            "--mask",
            help="cover handles, e-mail addresses and phone numbers, and keep no other keys than the text's and the "
            "id's; without it, lines are written as they came: they are the user's own",
        ),
    ] = False,
    names: Annotated[
        bool,
        typer.Option(
            "--mask-names",
            help="as --mask, and cover people and streets too: those that the model marks or the rules find",
        ),
    ] = False,
    params: Annotated[Path, typer.Option(help="the params.yaml that was run")] = Path("params.yaml"),
) -> None:
    """Find entities and the class of each tweet in JSON Lines.

    Lines are answered as they come, in JSON Lines.
    """
    from crisisflow.serving.choice import choose
    from crisisflow.text_input import name_of, open_input

    stream = open_input(file, "a file of JSON Lines")
    chosen = choose(_choice(model, results, row, seed, params), params, sha256)
    from crisisflow.progress import say
    from crisisflow.serving.lines import run
    from crisisflow.serving.served import open_served

    served = open_served(chosen, runtime, threads)
    if served.version.generated:
        say(f"predict: {served.version.name} learnt from generated tweets: its answers mean nothing about real tweets")
    run(served.predict, stream, name_of(file), sys.stdout, masking, names)


def _opened(openers: Iterable[str | None], what: str, *arguments: object) -> Any:
    """What the study that has it opens ("package.module:function"); None where it cannot, which is said.

    Args:
        what: it tells, in words. arguments: of the function.
    """
    from crisisflow.progress import say

    for opener in filter(None, openers):
        module, _, name = opener.partition(":")
        try:
            return getattr(import_module(module), name)(*arguments)
        except CrisisflowError as error:
            say(f"serve: {what} are not told: {error}")
    return None


def _desk(store: str | None, rules: Path | None) -> "Desk | None":
    if store is None:
        if rules is not None:
            raise CrisisflowError("--rules is for the incidents of a --store")
        return None
    from crisisflow.ingest.routing.configuration import EXAMPLE
    from crisisflow.serving.desk import Desk

    return Desk(store, rules or EXAMPLE)


@app.command("serve", rich_help_panel=USE)
def serve_command(
    host: Annotated[str, typer.Option(help="address; one that the network reaches needs a token")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    model: Annotated[Path | None, MODEL] = None,
    results: Annotated[Path | None, RESULTS] = None,
    row: Annotated[str | None, ROW] = None,
    seed: Annotated[int | None, SEED] = None,
    runtime: Annotated[Literal["onnx", "onnx-int8", "torch"] | None, RUNTIME] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="batches computed side by side, each by one thread; as many as cores")
    ] = None,
    sha256: Annotated[str | None, SHA256] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="file with the bearer token that /v1 and /metrics ask for")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="name under which the server is reached, besides localhost; repeat")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="another site whose pages may ask (CORS), such as https://a.org; repeat")
    ] = None,
    waiting: Annotated[int, typer.Option(min=1, help="texts that may wait for the model; then it answers 503")] = 512,
    stdin: Annotated[bool, typer.Option("--stdin", help="feed `stdin` of the live view: a tweet in each line")] = False,
    topics: Annotated[
        str | None,
        typer.Option(help="corpus whose topics the live view tells; without it, the first of the study with topics"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="folder of a store, or postgresql://…: the page has its incidents, and asks who somebody is"),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="with --store: folder with the rules, as of `route`; without it, the example")
    ] = None,
    allow_root: Annotated[bool, typer.Option("--allow-root", help="run although the user is root")] = False,
    params: Annotated[Path, typer.Option(help="the params.yaml that was run")] = Path("params.yaml"),
) -> None:
    """Serve the dashboard and the REST API of a model."""
    from crisisflow.serving.access import check_access, check_stdin, check_user, listen, read_token
    from crisisflow.serving.choice import choose
    from crisisflow.serving.settings import HOSTS, Access, Limits, Settings

    access = Access(read_token(token_file), tuple(allow_origin or ()), (*HOSTS, *(allow_host or ())))
    check_access(host, access, store is not None)
    check_user(allow_root)
    check_stdin(stdin)
    chosen = choose(_choice(model, results, row, seed, params), params, sha256)
    workers = workers or len(os.sched_getaffinity(0))
    desk = _desk(store, rules)
    settings = Settings(access, Limits(waiting=waiting), results or OF_LEADING, workers, stdin, True, desk)
    with listen(host, port) as listening:
        from crisisflow.serving.serve import run
        from crisisflow.serving.served import open_served

        studies = STUDIES.values()
        help: HelpModel | None = _opened((own.help_model for own in studies), "requests and offers", params)
        topic: TopicModel | None = _opened((own.topic_model for own in studies), "topics", params, topics)
        run(open_served(chosen, runtime, 1, help, topic), settings, listening)


@app.command("unlock", rich_help_panel=USE)
def unlock_command() -> None:
    """Clear the lock that a killed run left.

    It refuses while a run is at work.
    """
    from crisisflow.versioning.unlock import run

    run()
