"""What the server tells Prometheus: counts and times, never a text."""

import asyncio
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEFT = 499  # what nginx counts of clients that did not wait for the answer
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = {"registry": self.registry}
        self.requests = Counter(
            "crisisflow_requests", "Requests by route, method and status", ["route", "method", "status"], **own
        )
        self.seconds = Histogram(
            "crisisflow_request_seconds", "Time to the end of an answer", ["route"], buckets=SECONDS, **own
        )
        self.batch_texts = Histogram(
            "crisisflow_batch_texts", "Texts of a batch of the model", buckets=(1, 2, 4, 8, 16, 32), **own
        )
        self.batch_seconds = Histogram("crisisflow_batch_seconds", "Time of a batch", buckets=SECONDS, **own)
        self.waiting = Gauge("crisisflow_waiting", "What waits for the model, long texts counted several times", **own)
        self.feeds = Gauge("crisisflow_feeds", "Live feeds that are kept", **own)

    def batch(self, texts: int, seconds: float) -> None:
        """Count a batch of the model."""
        self.batch_texts.observe(texts)
        self.batch_seconds.observe(seconds)


class Counting:
    """ASGI middleware: counts the requests of each route."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, begin = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except asyncio.CancelledError:  # the client has left
            status = LEFT
            raise
        finally:
            # Paths that are none of ours would make a series each.
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if route != "other" else "other"
            self.metrics.requests.labels(route, method, status).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - begin)
