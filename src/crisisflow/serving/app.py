"""The app: the REST API and the page, in one process, over one model."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import resources
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.types import ASGIApp

from crisisflow.annotation.private_names import private_stretches
from crisisflow.places.coordinates import gazetteer
from crisisflow.serving import help, live, study
from crisisflow.serving.batcher import Found, MicroBatcher, Overloaded
from crisisflow.serving.feeds import Feeds, TooManyFeeds
from crisisflow.serving.guard import HeadAsGet, guarded
from crisisflow.serving.help_model import Helper
from crisisflow.serving.observed import Counting, Metrics
from crisisflow.serving.opinion import Rules
from crisisflow.serving.schema import (
    BatchPrediction,
    Health,
    LabelNames,
    Opinion,
    Prediction,
    Problem,
    Readiness,
    RuleConflict,
    RuleSpan,
    Version,
    batch_request,
    prediction,
    text_request,
)
from crisisflow.serving.served import Served
from crisisflow.serving.settings import Settings
from crisisflow.serving.topics import TopicFinder
from crisisflow.text_input import STDIN, lines_of, name_of, open_input

LOG = logging.getLogger(__name__)
PAGE = resources.files("crisisflow.serving") / "page"
WARM_UP = ["flood", "17 people killed near the river, rescue teams requested immediately. " * 3]

DESCRIPTION = (
    "Entities and the humanitarian class of crisis tweets, both from one pass of one encoder. Offsets count Unicode "
    "code points of the text as sent. Answers are a model's guesses: a person decides. What answers GET "
    "answers HEAD too."
)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation may answer besides success, for the OpenAPI description."""
    return {status: {"model": Problem} for status in (400, 401, 408, 413, 422, *statuses)}


class JsonRoute(APIRoute):
    """An operation that says so where its request is not said to be JSON, and does not blame what stands in it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The operation behind the check."""
        answer = super().get_route_handler()

        async def checked(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if self.body_field and kind != "application/json":
                raise HTTPException(415, "a request's content-type must be application/json")
            return await answer(request)

        return checked


class Server:
    """What the operations share; alive between `open` and `close`."""

    def __init__(self, served: Served, settings: Settings) -> None:
        self.served, self.settings, self.metrics = served, settings, Metrics()
        self.state: Literal["starting", "ready", "ending"] = "starting"
        self.feeds: Feeds | None = None
        self.helper: Helper | None = None

    @asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """The app's lifespan: warms the model up, then answers, and is ready once places and rules are loaded."""
        limits = self.settings.limits
        self.rules = Rules(self.served.annotation, limits.opinions)
        async with AsyncExitStack() as stack:

            async def batcher(predict: Callable[[list[str]], list[Found]]) -> MicroBatcher[Found]:
                own = MicroBatcher(predict, limits.waiting, self.settings.workers, self.metrics.batch)
                return await stack.enter_async_context(own)

            self.batcher = await batcher(self.served.predict)
            batchers: list[MicroBatcher[Any]] = [self.batcher]
            if self.served.help is not None:
                batchers.append(await batcher(self.served.help.predict))
                self.helper = Helper(batchers[-1])
            topics = None
            if self.served.topics is not None:
                batchers.append(await batcher(self.served.topics.predict))
                topics = TopicFinder(batchers[-1], self.served.topics.labels)
            self.gazetteer = asyncio.create_task(asyncio.to_thread(gazetteer))
            self.feeds = Feeds(self.batcher, limits, self.gazetteer, self.helper, topics)
            self.metrics.waiting.set_function(lambda: sum(own.waiting for own in batchers))
            self.metrics.feeds.set_function(lambda: len(self.feeds))
            for text in WARM_UP:
                for own in batchers:
                    await own.submit([text])
            if self.settings.stdin:
                self.feeds.follow("stdin", lines_of(open_input(STDIN, "a stream of tweets"), name_of(STDIN)))
            starting = asyncio.create_task(self._start())
            yield
            self.state = "ending"
            starting.cancel()
            await self.feeds.close()
            self.rules.close()
            if self.settings.desk is not None:
                self.settings.desk.close()

    async def _start(self) -> None:
        """Load what the first questions would wait for. Where that fails, they say so themselves."""
        loaded: list[Awaitable[Any]] = [asyncio.shield(self.gazetteer), asyncio.to_thread(private_stretches, "")]
        if self.settings.warm_rules:
            loaded.append(self.rules.ask(WARM_UP[0]))
        for error in await asyncio.gather(*loaded, return_exceptions=True):
            if isinstance(error, Exception):
                LOG.error("the server has started without all of its parts", exc_info=error)
        self.state = "ready"

    def release(self) -> None:
        """Let all watchers go, for whose answers the end would wait."""
        if self.feeds is not None:
            self.feeds.release()
        if self.settings.desk is not None:
            self.settings.desk.release()


def create_app(served: Served, settings: Settings) -> ASGIApp:
    """The whole app behind its guard."""
    return app_of(Server(served, settings))


def app_of(server: Server) -> ASGIApp:
    """The app of a server."""
    served, settings, facts = server.served, server.settings, server.served.version
    api = FastAPI(
        title="crisisflow",
        description=f"{DESCRIPTION} Served is {facts.name}, trained on {facts.trained_on}.",
        version=facts.version,
        lifespan=server.running,
        docs_url=None,
        redoc_url=None,
    )
    api.state.server = server
    for kind, handler in {
        RequestValidationError: _invalid,
        Overloaded: _overloaded,
        TooManyFeeds: _too_many_feeds,
        Exception: _failed,
    }.items():
        api.add_exception_handler(kind, handler)
    own = APIRouter(route_class=JsonRoute, dependencies=[_bearer()] if settings.access.token or settings.desk else [])
    forms = text_request(settings.limits), batch_request(settings.limits)
    _add_operations(own, server, forms)
    help.add_operations(
        own,
        served.help,
        lambda: server.helper,
        lambda: server.feeds,
        lambda texts: server.batcher.submit(texts),
        lambda: asyncio.shield(server.gazetteer),
        forms,
        problems,
    )
    names = _label_names(served)
    live.add_operations(own, lambda: server.feeds, names, settings.limits, problems)
    study.add_operations(own, settings.results, problems)
    if settings.desk is not None:
        from crisisflow.serving import desk_operations

        desk_operations.add_handlers(api)
        desk_operations.add_operations(own, settings.desk, problems)
    api.include_router(own)
    _add_pages(api, server)
    return guarded(Counting(HeadAsGet(api), server.metrics), settings)


def _label_names(served: Served) -> LabelNames:
    entities, classes = map(list, served.labels)
    help, topics = (list(own.labels) if own else [] for own in (served.help, served.topics))
    return LabelNames(entities=entities, classes=classes, help=help, topics=topics)


def _bearer() -> Any:
    """Tells the OpenAPI description of the token; `guard.TokenCheck` is what checks it."""
    from fastapi import Security

    return Security(
        HTTPBearer(auto_error=False, description="what --token-file holds, or the token of a person of the store")
    )


def _add_operations(api: APIRouter, server: Server, forms: tuple[type[BaseModel], type[BaseModel]]) -> None:
    TextRequest, BatchRequest = forms

    @api.post("/v1/predict", tags=["predict"], responses=problems(415, 503))
    async def predict(request: TextRequest) -> Prediction:  # type: ignore[valid-type]
        """Entities and class of one text."""
        (found,) = await server.batcher.submit([request.text])
        return prediction(request.text, found)

    @api.post("/v1/predict/batch", tags=["predict"], responses=problems(415, 503))
    async def predict_batch(request: BatchRequest) -> BatchPrediction:  # type: ignore[valid-type]
        """Entities and class of several texts."""
        found = await server.batcher.submit(request.texts)
        return BatchPrediction(predictions=list(map(prediction, request.texts, found)))

    @api.post("/v1/explain", tags=["predict"], responses=problems(415, 503))
    async def explain(request: TextRequest) -> Opinion:  # type: ignore[valid-type]
        """A second opinion: what the rules of the annotation find, without the model."""
        kept, conflicts = await server.rules.ask(request.text)

        def span(own: Any) -> RuleSpan:
            return RuleSpan(start=own.start, end=own.end, label=own.label, source=own.source, rule=own.rule)

        lost = [
            RuleConflict(loser=span(loser), winner=span(winner), decided_by=why) for loser, winner, why in conflicts
        ]
        return Opinion(entities=[span(own) for own in kept], conflicts=lost)

    @api.get("/v1/labels", tags=["about"], responses={401: {"model": Problem}})
    async def labels() -> LabelNames:
        """The entity types, humanitarian classes, labels of requests and offers, and topics that can be found."""
        return _label_names(server.served)

    @api.get("/v1/version", tags=["about"], responses={401: {"model": Problem}})
    async def version() -> Version:
        """What is served."""
        return server.served.version.model_copy(update={"desk": server.settings.desk is not None})

    @api.get(
        "/metrics",
        tags=["operation"],
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, 401: {"model": Problem}},
    )
    async def metrics() -> Response:
        """Counts and times, for Prometheus."""
        return Response(generate_latest(server.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _add_pages(api: FastAPI, server: Server) -> None:
    @api.get("/healthz", tags=["operation"])
    async def healthz() -> Health:
        """Whether the process lives."""
        return Health(status="ok")

    @api.get("/readyz", tags=["operation"], responses={503: {"model": Readiness}})
    async def readyz(response: Response) -> Readiness:
        """Whether it takes requests: all is loaded, and the server is not about to end."""
        if server.state != "ready":
            response.status_code, response.headers["retry-after"] = 503, "2"
        return Readiness(status=server.state, model=server.served.version.name)

    @api.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(str(PAGE / "index.html"), headers={"cache-control": "no-cache"})

    @api.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(str(PAGE / "docs.html"), headers={"cache-control": "no-cache"})

    api.mount("/page", StaticFiles(directory=str(PAGE)))
    api.mount("/swagger", StaticFiles(directory=str(resources.files("fastapi_offline") / "static")))


async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    """The first fault, without what was sent: it may hold what no log or page should."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"])
    return JSONResponse({"detail": f"{where}: {fault['msg'].removeprefix('Value error, ')}"}, 422)


async def _overloaded(_: Request, error: Overloaded) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 503, {"retry-after": str(error.seconds)})


async def _too_many_feeds(_: Request, error: TooManyFeeds) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 429, {"retry-after": str(error.seconds)})


async def _failed(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "the server failed; its log says more"}, 500)
