"""The page behind a link: the agency reads what it was told of, and says by a button that it took it.

Opening the page changes nothing: programs that look at the links of mails open it too.
"""

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from crisisflow.ingest import process
from crisisflow.ingest.delivery.links import Links, Taker
from crisisflow.ingest.delivery.settle import acknowledge
from crisisflow.ingest.listening import serve
from crisisflow.ingest.routing import agencies
from crisisflow.ingest.store.faults import FullError
from crisisflow.ingest.store.opening import Where, open_store
from crisisflow.serving.access import listen
from crisisflow.serving.guard import RETRY, BodyLimit, HostCheck, SafeHeaders
from crisisflow.serving.settings import HOSTS, Access, Limits

POLICY = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
PAGE = Markup(
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="robots" content="noindex"><title>{title}</title>'
    "<main><h1>{title}</h1><p>{said}</p>{form}</main></html>"
)
FORM = Markup('<form method="post"><button>We take this</button></form>')


class Answers:
    """Answers at the links of a store.

    Args:
        links: gives those that are valid now.

    Raises:
        CrisisflowError: host and port are taken, or not this machine's.
    """

    def __init__(self, where: Where, links: Callable[[], Links | None], options: agencies.Links) -> None:
        self._where, self._links, self._options = where, links, options
        self._listening = listen(options.host, options.port)
        self.host, self.port = self._listening.getsockname()[:2]

    def run(self, stopping: threading.Event) -> None:
        """Answer until `stopping` is set."""
        with self._listening:
            serve(self.app(), self._listening, stopping)

    def app(self) -> SafeHeaders:
        """The app behind its guard."""
        names = (*HOSTS, self._options.host, urlsplit(self._options.address).hostname or "")
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])
        return SafeHeaders(HostCheck(BodyLimit(app, Limits(body=10_000)), Access(hosts=names)))

    async def _answer(self, request: Request) -> Response:
        links = self._links()
        taker = links.taker(request.url.path.rpartition("/")[2]) if links else None
        if taker is None:
            return _page(404, "This link is not valid", "Nobody sent it, or its signature was changed on the way.")
        try:
            return await run_in_threadpool(self._take if request.method == "POST" else self._show, taker)
        except FullError:
            later = _page(503, "Not now", "Your answer could not be written. Try again in a moment.")
            later.headers["retry-after"] = str(RETRY)
            return later

    def _show(self, taker: Taker) -> Response:
        with open_store(self._where) as store:
            known = store.incident(taker.incident)
            alerts = {(own.id, own.version): own for own in store.alerts(taker.incident)}
        told = alerts.get((taker.alert, taker.version))
        if known is None or told is None:
            return _page(404, "This link is not valid", "The alert is no longer there.")
        headline = told.content["headline"]
        if known.state == "closed":
            return _page(200, headline, "The incident is closed.")
        if taker.agency in known.content.get("acknowledged_by", ()):
            return _page(200, headline, "You took this.")
        return _page(200, headline, "Say that you take this, so that nobody else is told instead of you.", FORM)

    def _take(self, taker: Taker) -> Response:
        with open_store(self._where) as store, store.grouped():
            acknowledge(store, taker, "link", None, process.now())
        return self._show(taker)


def _page(status: int, title: str, said: str, form: str = "") -> HTMLResponse:
    body = PAGE.format(title=escape(title), said=escape(said), form=form)
    return HTMLResponse(body, status, {"content-security-policy": POLICY})
