"""The operations of the desk: what stands in the store, and what people do with it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import JSONResponse, StreamingResponse

from crisisflow.ingest import process
from crisisflow.ingest.changes import changing, entity_tag, subject_of, version_of
from crisisflow.ingest.incident import State
from crisisflow.ingest.people import require
from crisisflow.ingest.store.faults import ForbiddenError, FullError, LeasedError, StaleError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import DeliveryState, Person
from crisisflow.ingest.store.records import Query as PostQuery
from crisisflow.masking import mask
from crisisflow.serving import desk_schema as schema
from crisisflow.serving import desk_views as views
from crisisflow.serving.desk import WATCHERS, Desk
from crisisflow.serving.guard import RETRY
from crisisflow.serving.schema import is_blank

STATES: dict[str, State] = {"acknowledge": "acknowledged", "close": "closed", "open": "open"}
LISTED = 500  # deliveries and entries of a page
STATUS = {ForbiddenError: 403, LeasedError: 409, StaleError: 412}
EVENT = r"^([0-9]{1,15}-[0-9]{1,15})?$"  # a time and the number of an entry of the audit

Name = Annotated[str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Number = Annotated[int, InPath(ge=0, le=2**53)]
Before = Annotated[int | None, Query(ge=0, le=2**53, description="only what has a smaller number: the next page")]
Part = Annotated[str | None, Query(min_length=1, max_length=200)]


def add_handlers(api: FastAPI) -> None:
    """Say in words, with the status of each, why something was not done."""
    for kind, status in STATUS.items():

        async def told(_: Request, error: Exception, status: int = status) -> JSONResponse:
            return JSONResponse({"detail": str(error)}, status)

        api.add_exception_handler(kind, told)

    async def full(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503, {"retry-after": str(RETRY)})

    api.add_exception_handler(FullError, full)


def _person(request: Request) -> Person:
    """Who asks, as the guard found by the token."""
    return request.scope["person"]


def add_operations(api: APIRouter, desk: Desk, problems: Callable[..., dict[int | str, dict[str, Any]]]) -> None:
    """Add them to the API."""

    def known(store: Store, name: str) -> tuple[Any, Any]:
        stored = store.incident(name)
        facts = views.read(stored) if stored else None
        if stored is None or facts is None:
            raise HTTPException(404, "there is no such incident")
        return stored, facts

    async def shown(name: str, response: Response) -> schema.IncidentShown:
        routing = desk.routing
        found = await desk.ask(lambda store: views.whole(store, *known(store, name), routing))
        response.headers["etag"] = entity_tag(found.item.version)
        return found

    @api.get("/v1/desk", tags=["desk"], responses=problems())
    async def me(request: Request) -> schema.Me:
        """Who asks, and what they may."""
        own = _person(request)
        return schema.Me(name=own.name, role=own.role)

    @api.get("/v1/desk/incidents", tags=["desk"], responses=problems(503))
    async def incidents(
        state: Annotated[list[State], Query(max_length=3, description="state; repeat")] = ["open"],  # noqa: B006
        watch: Part = None,
    ) -> list[schema.Item]:
        """Incidents, the most urgent first, then by deadline, then the oldest."""
        routing = desk.routing
        return await desk.ask(lambda store: views.items(store, routing, state, watch))

    @api.get("/v1/desk/incidents/{incident}", tags=["desk"], responses=problems(404, 503))
    async def incident(incident: Name, response: Response) -> schema.IncidentShown:
        """An incident with its posts, alerts, deliveries and acts. The header ETag has its version."""
        return await shown(incident, response)

    @api.post("/v1/desk/incidents/{incident}/acts", tags=["desk"], responses=problems(403, 404, 409, 412, 415, 503))
    async def act(
        incident: Name,
        own: schema.ActRequest,
        request: Request,
        response: Response,
        if_match: Annotated[str, Header(pattern=r'^"\d{1,9}"$', description="ETag of what was seen")],
    ) -> schema.IncidentShown:
        """Acknowledge, close or open an incident, or note something about it, on the version that was seen.

        Each is undone by the act that leads to the state before.
        """
        person = _person(request)
        if (own.act == "note") == is_blank(own.text):
            raise HTTPException(409, "a note has a text, and nothing else has one")

        def change(store: Store) -> None:
            known(store, incident)
            now, version = process.now(), version_of(if_match)
            if own.act == "note":
                require(person, "operator", "note something about an incident")
                # Covered, since nothing can be removed from the audit.
                store.note(person.name, "note", subject_of(incident), {"text": mask(own.text)}, now)
                return
            with changing(store, incident, version, person, now) as stored:
                state = STATES[own.act]
                content = dict(stored.content) | {"state": state}
                changed = stored._replace(version=version + 1, state=state, content=content)
                store.set_incident(changed, [], [], now)
                details = {"before": stored.state, "after": state}
                store.note(person.name, own.act, subject_of(incident), details, now)

        await desk.ask(change)
        return await shown(incident, response)

    @api.post("/v1/desk/incidents/{incident}/posts/{number}/uncover", tags=["desk"], responses=problems(403, 404, 503))
    async def uncover(incident: Name, number: Number, request: Request) -> schema.PostShown:
        """A post of an incident as it was written. The audit has an entry for it."""
        person = _person(request)

        def look(store: Store) -> schema.PostShown:
            require(person, "operator", "uncover a post")
            _, facts = known(store, incident)
            if number >= len(facts.examples):
                raise HTTPException(404, "the incident shows no such post")
            post = facts.examples[number]
            store.note(person.name, "uncover", subject_of(incident), {"post": post.id}, process.now())
            return schema.PostShown(number=number, text=post.text, at=post.at, covered=False)

        return await desk.ask(look)

    @api.get("/v1/desk/deliveries", tags=["desk"], responses=problems(503))
    async def deliveries(state: DeliveryState | None = None) -> list[schema.DeliveryShown]:
        """The latest deliveries, the latest first; those in one state, such as dead."""
        return await desk.ask(
            lambda store: [views.delivery(store, own) for own in reversed(store.deliveries(state)[-LISTED:])]
        )

    @api.post("/v1/desk/deliveries/{delivery}/redeliver", tags=["desk"], responses=problems(403, 409, 503))
    async def redeliver(delivery: Number, request: Request) -> schema.Redelivered:
        """Make a delivery that was delivered, given up or withdrawn due again, under the same id."""
        person = _person(request)

        def again(store: Store) -> schema.Redelivered:
            require(person, "operator", "send a message again")
            if not store.redeliver(delivery, person.name, process.now()):
                raise HTTPException(409, "there is no such delivery that was delivered, given up or withdrawn")
            return schema.Redelivered(delivery=delivery)

        return await desk.ask(again)

    @api.get("/v1/desk/sources", tags=["desk"], responses=problems(503))
    async def sources() -> list[schema.SourceShown]:
        """How the sources fare."""
        return await desk.ask(lambda store: [views.source(own) for own in store.health(process.now())])

    @api.get("/v1/desk/rules", tags=["desk"], responses=problems(503))
    async def rules() -> schema.RulesShown:
        """The rules that are loaded."""
        return views.rules(desk.routing)

    @api.get("/v1/desk/audit", tags=["desk"], responses=problems(503))
    async def audit(before: Before = None) -> list[schema.ActShown]:
        """Entries of the audit, the latest first."""
        return await desk.ask(lambda store: [views.act(own) for own in store.latest_acts(None, LISTED, before)])

    @api.get(
        "/v1/desk/events",
        tags=["desk"],
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
                "description": "events `changed` (data: `incidents`, ids; `entry`, the last number of the audit) and "
                "`quiet` (nothing is new; the id is to be kept)",
            },
            **problems(429),
        },
    )
    async def events(
        last_event_id: Annotated[str, Header(pattern=EVENT, description="the id of the last event seen")] = "",
    ) -> StreamingResponse:
        """What changes, by server-sent events; behind the last event that was seen, nothing is missed."""
        if desk.watchers >= WATCHERS:
            raise HTTPException(429, "too many watch", {"retry-after": str(RETRY)})
        since, _, number = (last_event_id or f"{process.now()}-0").partition("-")
        return StreamingResponse(desk.events(int(since), int(number)), media_type="text/event-stream")

    @api.get("/v1/desk/posts", tags=["desk"], responses=problems(503))
    async def posts(
        words: Annotated[
            str | None, Query(min_length=1, max_length=200, description="all of them; one may end with *")
        ] = None,
        watch: Part = None,
        source: Part = None,
        before: Before = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[schema.FoundPost]:
        """Posts of the store, the latest first, covered."""
        query = PostQuery(watch=watch, source=source, words=words, before=before)
        return await desk.ask(lambda store: [views.post(own) for own in store.posts(query, limit)])
