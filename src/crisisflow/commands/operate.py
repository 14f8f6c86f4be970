"""Commands of the operators' side: take posts into a store, and look after it."""

import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from crisisflow.errors import CrisisflowError
from crisisflow.options import USE, App
from crisisflow.studies import SHIPPED

app = App()
store_app = App(help="Look after the store of `crisisflow collect`.")
app.add_typer(store_app, name="store", rich_help_panel=USE)

STORE = typer.Option(help="folder of the store, or postgresql://…")
CONFIG = typer.Option(help="the sources and watches (docs/operations.md)")
AS = typer.Option("--as", help="who does it, for the audit; the user's name without it")


@app.command("collect", rich_help_panel=USE)
def collect_command(
    store: Annotated[str, typer.Option(help="folder of the store, or postgresql://…; it is made where there is none")],
    config: Annotated[Path, CONFIG] = Path("operations.yaml"),
    source: Annotated[list[str] | None, typer.Option(help="read only this source; repeat")] = None,
) -> None:
    """Take posts from the sources of operations.yaml into a store, until Ctrl-C or until no source has more."""
    from crisisflow.ingest.collect import run

    run(config, store, source or ())


@app.command("detect", rich_help_panel=USE)
def detect_command(
    store: Annotated[str, STORE],
    watch: Annotated[str, typer.Option(help="the watch whose posts are counted: one without terms, a sentinel")],
    since: Annotated[str | None, typer.Option(help="posts taken since; two days ago without it")] = None,
    false_a_day: Annotated[
        float, typer.Option(min=1e-9, max=100, help="false detections a day that are allowed for")
    ] = 1.0,
) -> None:
    """Say which terms, places and kinds of disaster posts name far more often than before; JSON Lines.

    Each detection has a watch for operations.yaml. Nothing is written, and no watch is opened.
    """
    import sys

    from crisisflow.ingest import process
    from crisisflow.ingest.detection import Detector
    from crisisflow.ingest.proposals import proposals
    from crisisflow.ingest.store.opening import open_store
    from crisisflow.places.named_in_text import named_in
    from crisisflow.serving.output import write

    begin = _time("--since", since)
    with open_store(store) as own:
        start = process.now() - 2 * 86_400_000 if begin is None else begin
        write(proposals(own, watch, start, named_in, Detector(false_a_day)), sys.stdout)


@app.command("analyse", rich_help_panel=USE)
def analyse_command(
    store: Annotated[str, STORE],
    config: Annotated[Path, CONFIG] = Path("operations.yaml"),
    rules: Annotated[Path | None, typer.Option(help="folder with ontology.yaml; without it, the example")] = None,
    once: Annotated[bool, typer.Option("--once", help="end when no post waits")] = False,
    failures: Annotated[bool, typer.Option("--failures", help="list the posts on which the analysis failed")] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of the model")] = 1,
) -> None:
    """Find what the posts of a store tell, and write the incidents that they tell of, until Ctrl-C."""
    from crisisflow.ingest.store.opening import open_store

    if failures:
        with open_store(store) as own:
            for known in own.failures():
                print(f"post {known.post}: {known.reason}, {known.failures} times{', set aside' * known.poison}")
        return
    from crisisflow.ingest.analyse import run
    from crisisflow.ingest.operations import read_operations
    from crisisflow.ingest.routing.configuration import EXAMPLE
    from crisisflow.serving.predictor import Predictor
    from crisisflow.serving.shipped import open_shipped, read

    named = read_operations(config).analysis.model
    shipped = read(Path("models", SHIPPED) if named is None else config.parent / named)
    run(store, lambda: Predictor(*open_shipped(shipped, threads)), rules or EXAMPLE, once)


@app.command("operate", rich_help_panel=USE)
def operate_command(
    store: Annotated[str, typer.Option(help="folder of the store, or postgresql://…; it is made where there is none")],
    config: Annotated[Path, CONFIG] = Path("operations.yaml"),
    rules: Annotated[Path | None, typer.Option(help="folder with the rules, as of `route`")] = None,
) -> None:
    """Run collect, analyse, route and deliver together; what dies is started again, and Ctrl-C ends all in order."""
    from crisisflow.ingest.operate import run

    run(store, config, rules)


@store_app.command("check")
def check_command(store: Annotated[str, STORE]) -> None:
    """Check the pages, references, indexes and the audit of a store."""
    from crisisflow.ingest.store.opening import open_store

    with open_store(store) as own:
        problems = own.problems()
    if problems:
        raise CrisisflowError(f"{store}: {'; '.join(problems)}")
    print(f"{store}: no problem was found")


@store_app.command("backup")
def backup_command(
    out: Annotated[Path, typer.Argument(help="new folder for the copy")], store: Annotated[str, STORE]
) -> None:
    """Copy a store while others write it."""
    from crisisflow.ingest.store.opening import folder_of
    from crisisflow.ingest.store.sqlite.upkeep import backup

    backup(folder_of(store, "use pg_dump"), out)


@store_app.command("restore")
def restore_command(
    saved: Annotated[Path, typer.Argument(help="folder that `store backup` wrote")], store: Annotated[str, STORE]
) -> None:
    """Make a store of a backup.

    A store that is there is kept beside it as NAME.before.
    """
    from crisisflow.ingest.store.opening import folder_of
    from crisisflow.ingest.store.sqlite.upkeep import restore

    restore(saved, folder_of(store, "use pg_restore"))


@store_app.command("compact")
def compact_command(store: Annotated[str, STORE]) -> None:
    """Make the indexes anew and give unused space back.

    End `crisisflow collect`, `route` and `deliver` first.
    """
    from crisisflow.ingest.store.opening import folder_of
    from crisisflow.ingest.store.sqlite.upkeep import compact

    before, after = compact(folder_of(store, "use VACUUM and REINDEX"))
    print(f"{store}: {before:,} bytes before, {after:,} after")


@store_app.command("forget")
def forget_command(
    store: Annotated[str, STORE],
    post: Annotated[list[int], typer.Option(help="number of a post, as `store export` writes it; repeat")],
    why: Annotated[str, typer.Option(help="for the audit; no text of the post")] = "on request",
    actor: Annotated[str | None, AS] = None,
) -> None:
    """Remove posts with their texts, and see that they are not taken again."""
    from crisisflow.ingest import process
    from crisisflow.ingest.store.opening import open_store

    with open_store(store) as own:
        gone = own.forget(post, actor or getpass.getuser(), why, process.now())
    if gone < len(set(post)):
        raise CrisisflowError(f"{gone} forgotten; {store} has no further post of these numbers")
    print(f"{gone} forgotten; backups keep them until they are removed")


@store_app.command("purge")
def purge_command(
    store: Annotated[str, STORE],
    older: Annotated[
        str | None, typer.Option(help="such as 30d, 12h; without it, the retention of each watch counts")
    ] = None,
    actor: Annotated[str | None, AS] = None,
) -> None:
    """Remove posts that were taken before so long. Posts of incidents stay."""
    from pydantic import TypeAdapter, ValidationError

    from crisisflow.ingest import process
    from crisisflow.ingest.store.opening import open_store
    from crisisflow.ingest.typed_yaml import Duration

    try:
        seconds = None if older is None else TypeAdapter(Duration).validate_python(older)
    except ValidationError:
        raise CrisisflowError(f"--older {older} is no duration; write it as 30d, 12h or 90m") from None
    who, now = actor or getpass.getuser(), process.now()
    with open_store(store) as own:
        if seconds is not None:
            gone = own.purge(now - seconds * 1000, None, who, now)
        else:
            kept = {watch: content.get("retention") for watch, content in own.watches().items()}
            gone = sum(own.purge(now - last * 1000, watch, who, now) for watch, last in kept.items() if last)
    print(f"{gone} removed")


@store_app.command("export")
def export_command(
    store: Annotated[str, STORE],
    watch: Annotated[str | None, typer.Option(help="of this watch")] = None,
    source: Annotated[str | None, typer.Option(help="of this source")] = None,
    words: Annotated[str | None, typer.Option(help="with all of these words; one may end with *")] = None,
    box: Annotated[
        tuple[float, float, float, float] | None, typer.Option(help="within west, south, east, north")
    ] = None,
    since: Annotated[str | None, typer.Option(help="taken since, such as 2026-03-01T12:00:00Z")] = None,
    until: Annotated[str | None, typer.Option(help="taken before")] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="with ids, links and media, and nothing in the texts covered")
    ] = False,
) -> None:
    """Write posts as JSON Lines, the latest first: what is asked for must all hold."""
    import sys

    from crisisflow.ingest.export import exported
    from crisisflow.ingest.store.opening import open_store
    from crisisflow.ingest.store.records import Query
    from crisisflow.serving.output import write

    query = Query(watch, source, words, box, _time("--since", since), _time("--until", until))
    with open_store(store) as own:
        write(exported(own, query, not unmasked), sys.stdout)


@store_app.command("sources")
def sources_command(store: Annotated[str, STORE]) -> None:
    """Show how the sources fare: connections, posts, gaps, and what was dropped, and why."""
    from crisisflow.ingest import process
    from crisisflow.ingest.health import lines
    from crisisflow.ingest.store.opening import open_store

    with open_store(store) as own:
        for line in lines(own.health(process.now()), own.queue(), process.now()):
            print(line)


@store_app.command("metrics")
def metrics_command(store: Annotated[str, STORE]) -> None:
    """Print the counts of the store in Prometheus' form, such as for a textfile of its node exporter."""
    from crisisflow.ingest import process
    from crisisflow.ingest.metrics import exposition
    from crisisflow.ingest.store.opening import open_store

    with open_store(store) as own:
        print(exposition(own, process.now()), end="")


def _time(option: str, given: str | None) -> int | None:
    from crisisflow.serving.times import moment

    found: datetime | None = moment(given)
    if given is not None and found is None:
        raise CrisisflowError(f"{option} {given} is no time; write it as 2026-03-01T12:00:00Z")
    return None if found is None else round(found.timestamp() * 1000)
