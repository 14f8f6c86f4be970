"""A tiny row, trained once, served as the sample's would be."""

import json
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn
import yaml
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.testclient import TestClient

from crisisflow.artifacts import write_json
from crisisflow.inference import TrainedRow, load
from crisisflow.serving.app import create_app
from crisisflow.serving.choice import Choice, choose, folder_of
from crisisflow.serving.help_model import HelpFindings, HelpModel, Nearest, Post
from crisisflow.serving.schema import HelpFacts, TopicFacts
from crisisflow.serving.serve import options_of
from crisisflow.serving.served import Served, open_served
from crisisflow.serving.settings import Access, Limits, Settings
from crisisflow.serving.topics import TopicModel
from crisisflow.spans import Span
from crisisflow.studies.humaid_ner import export_model
from crisisflow.studies.humaid_ner.export_model import Origin
from crisisflow.studies.humaid_ner.params import StudyParams
from tests.presets import read_preset

PRESETS = Path(__file__).parents[2] / "presets"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000  # milliseconds that a busy machine may take
HELP_LABELS = ("request", "offer", "request_and_offer", "irrelevant")
ACCESS = Access(hosts=("testserver", "localhost", "127.0.0.1"))


@contextmanager
def listening(app, port: int = 0, limits: Limits = Limits()) -> Iterator[int]:  # noqa: B008
    """The app on loopback, in a thread, with the connections that `crisisflow serve` has; its port."""
    options = {**options_of(limits), "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.02)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def results(trained, tmp_path_factory) -> Path:
    """A folder of results with two rows, a table and a figure."""
    folder = tmp_path_factory.mktemp("study") / "results" / "humaid_ner"
    shutil.copytree(trained / "rows", folder / "rows")
    (folder / "metrics.json").write_text(json.dumps({"chosen_row": "both"}))
    for name in ("tables", "figures"):
        (folder / name).mkdir()
    (folder / "tables" / "table3.csv").write_text('Row,CLS\nboth,"<b>0.5</b>"\n')
    (folder / "tables" / "captions.json").write_text(json.dumps({"table3": "Table 3. The rows."}))
    (folder / "report.html").write_text(
        "<!doctype html><title>report</title><style>h1 { color: rgb(1, 2, 3) }</style><h1>Report</h1>"
        "<script>document.title = 'run'</script>"
    )
    (folder / "figures" / "figure4.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    return folder


@pytest.fixture
def another_study(results) -> Iterator[str]:
    """The name of a second study with results, which is there for one test."""
    folder = results.parent / "difficult-negatives.2"
    (folder / "tables").mkdir(parents=True)
    (folder / "headline.json").write_text(json.dumps({"title": "<b>Negatives</b>"}))
    (folder / "tables" / "table9.csv").write_text("Row\nA\n")
    (folder / "tables" / "captions.json").write_text(json.dumps({"table9": "Table 9. <i>Another</i>."}))
    yield folder.name
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def params(results) -> Path:
    """The sample's, but for the gazetteers of the rules, which take long to load."""
    path = results.parents[1] / "params.yaml"
    plain = read_preset("sample", PRESETS)[1]
    plain["annotation"]["ruler"]["lexicons"] = ["disasters", "hazards"]
    path.write_text(yaml.safe_dump(plain))
    return path


@pytest.fixture(scope="session")
def row(results) -> TrainedRow:
    folder = results / "rows" / "both" / "seed13"
    return load(folder / "model.safetensors", folder / "config.json")


def helped(texts: list[str]) -> list[HelpFindings]:
    """A model of requests and offers that goes by one word of each."""
    found = []
    for text in texts:
        words = set(re.findall("[a-z]+", text.lower()))
        asks, gives = "need" in words, "offer" in words
        label = HELP_LABELS[3 if not (asks or gives) else 2 if asks and gives else int(gives)]
        shares = {name: 0.7 if name == label else 0.1 for name in HELP_LABELS}
        found.append(HelpFindings(shares, [own for own in ("water", "food") if own in words], len(text) > 5000))
    return found


def nearest(offer: Post, requests: Sequence[Post]) -> list[Nearest]:
    """Those that name a resource of the offer first, then all others, two at most."""
    shared = [[own for own in request.resources if own in offer.resources] for request in requests]
    order = sorted(range(len(requests)), key=lambda at: not shared[at])[:2]
    return [Nearest(at, 0.75 if shared[at] else 0.25, shared[at], 12.5 if shared[at] else None, 0.5) for at in order]


@pytest.fixture(scope="session")
def help_model() -> HelpModel:
    facts = HelpFacts(name="row words, seed 1", trained_on="no tweets", generated=True, model="0" * 64, recorded=False)
    return HelpModel(helped, HELP_LABELS, facts, nearest)


@pytest.fixture(scope="session")
def served(results, params, help_model) -> Served:
    return open_served(choose(Choice(results), params), "onnx", 1, help_model)


TOPICS = ("river water", "fever cough", "")


@pytest.fixture(scope="session")
def served_topics(served) -> Served:
    """The same with a model of topics that goes by one word of each."""

    def predict(texts: list[str]) -> list[int | None]:
        words = [re.findall("[a-z]+", text.lower()) for text in texts]
        return [
            next((at for at, own in enumerate(("river", "fever", "bridge")) if own in text), None) for text in words
        ]

    facts = TopicFacts(
        name="3 topics of words, seed 1", trained_on="no posts", generated=True, model="0" * 64, recorded=False
    )
    version = served.version.model_copy(update={"topics": facts})
    return served._replace(topics=TopicModel(predict, TOPICS, facts), version=version)


@pytest.fixture(scope="session")
def origin(trained, tmp_path_factory) -> Origin:
    """What is known of the run that trained the rows: the source alone."""
    folder = tmp_path_factory.mktemp("origin")
    write_json(folder / "manifest.json", {"source": "sample", "sha256": None, "rows": 300})
    absent = ("statistics.json", "quality.json", "against_gold.csv", "final_test.json")
    return Origin(folder / "manifest.json", *(folder / name for name in absent))


@pytest.fixture(scope="session")
def export(results, params, trained, origin):
    """Exports the row to a folder; `changed` are values of the row in params.yaml."""

    def run(out, row="both", origin=origin, name="tiny", speed=None, **changed):
        choice = Choice(results, row, 13)
        own = json.loads((folder_of(choice) / "config.json").read_text())["row"]
        plain = yaml.safe_load(params.read_text())
        plain["humaid_ner"]["rows"][row] = {"negatives": None, **own, **changed}
        settings = StudyParams.model_validate({key: plain[key] for key in StudyParams.model_fields})
        export_model.run(name, choice, trained / "aligned.parquet", origin, settings, speed, out)
        return out

    return run


@pytest.fixture(scope="session")
def shipped(export, tmp_path_factory) -> Path:
    """The row as a shipped model."""
    return export(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def served_shipped(shipped, results, params) -> Served:
    return open_served(choose(Choice(results, model=shipped), params), None, 1)


@pytest.fixture(scope="session")
def client(served, results) -> Iterator[TestClient]:
    """Of a server with few limits lowered."""
    with TestClient(create_app(served, Settings(ACCESS, Limits(), results))) as client:
        while client.get("/readyz").status_code == 503:  # it answers before the names of places are loaded
            pass
        yield client


class FirstWord:
    """Rules that find the first word, at once: what the real ones find is tested without a browser."""

    def __init__(self, *_):
        pass

    async def ask(self, text):
        return [Span("", 0, len(text.partition(" ")[0]), "CASUALTY", "regex", "first-word")], []

    def close(self):
        pass


@pytest.fixture(scope="session")
def app(served, results):
    """Makes an app with much of what is served as it is."""
    own = served
    return lambda access=ACCESS, served=own: create_app(served, Settings(access, Limits(), results))


@pytest.fixture(scope="session")
def address(app) -> Iterator[str]:
    """Of a server for the browser."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("crisisflow.serving.app.Rules", FirstWord)  # which the server takes when it starts
            port = stack.enter_context(listening(app()))
        yield f"http://127.0.0.1:{port}/"


# Not of the session: Playwright's event loop would run in the tests of other files, which have loops of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """A page in which nothing may go wrong: no script error, nothing that the policy refuses."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Security Policy" in message.text else None)
    yield page
    context.close()
    assert wrong == []
