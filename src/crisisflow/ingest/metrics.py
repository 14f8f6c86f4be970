"""The counts of a store in Prometheus' form."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import SourceHealth

Values = Iterable[tuple[tuple[str, ...], float | None]]


class StoreCollector(Collector):
    """Reads a store each time that it is asked."""

    def __init__(self, store: Store, now: int) -> None:
        self._store, self._now = store, now

    def collect(self) -> Iterator[Metric]:
        """As in Collector."""
        yield from _sources(self._store.health(self._now))
        queue, counts = self._store.queue(), self._store.counts()
        yield _counter("source_gaps", "Stretches of time of which posts may be missing", ["source"], _keys(counts.gaps))
        yield _gauge("queue_posts", "Posts that wait for the analysis", [], [((), queue.posts)])
        yield _gauge("queue_bytes", "Bytes of their texts", [], [((), queue.bytes)])
        yield _counter("queue_set_aside", "Posts that waited too long for it", [], [((), queue.set_aside)])
        yield _gauge(
            "queue_oldest_timestamp_seconds", "When the oldest of them was taken", [], [((), _s(counts.waiting_since))]
        )
        yield _gauge("incidents", "Incidents by state", ["state"], _keys(counts.incidents))
        yield _counter("alerts", "Alerts with updates and cancellations", ["rule", "kind"], counts.alerts.items())
        channel = ["receiver", "channel"]
        yield _gauge("deliveries", "Rows of the outbox by state", [*channel, "state"], counts.deliveries.items())
        oldest = ((key, _s(at)) for key, at in counts.oldest.items())
        yield _gauge(
            "delivery_oldest_timestamp_seconds", "When the oldest that is still to be sent was due", channel, oldest
        )
        yield _gauge("store_bytes", "Size of the store", [], [((), counts.bytes)])


def exposition(store: Store, now: int) -> str:
    """The counts of a store as text. Times are in seconds since 1970."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(store, now))
    return generate_latest(registry).decode()


def _sources(found: list[SourceHealth]) -> Iterator[Metric]:
    def each(field: str) -> Values:
        return [((own.id,), getattr(own, field)) for own in found]

    for field, help_ in (
        ("taken", "New posts"),
        ("repeats", "Posts that came again"),
        ("revisions", "Edits of posts"),
        ("deletions", "Deletions by authors"),
        ("reconnects", "Connections but the first"),
    ):
        yield _counter(f"source_{field}", help_, ["source"], each(field))
    drops = [((own.id, *drop), posts) for own in found for drop, posts in own.drops.items()]
    yield _counter("source_drops", "Posts that were not kept", ["source", "watch", "reason"], drops)
    connected = [((own.id,), float(own.connected is not None)) for own in found]
    yield _gauge("source_connected", "Whether it is connected", ["source"], connected)
    last = [((own.id,), _s(own.last_post)) for own in found]
    yield _gauge("source_last_post_timestamp_seconds", "When its last new post was taken", ["source"], last)
    lag = [((own.id,), _s(own.lag)) for own in found]
    yield _gauge("source_lag_seconds", "From that post's own time to its taking", ["source"], lag)


def _counter(name: str, help_: str, labels: list[str], values: Values) -> Metric:
    return _filled(CounterMetricFamily(f"crisisflow_{name}", help_, labels=labels), values)


def _gauge(name: str, help_: str, labels: list[str], values: Values) -> Metric:
    return _filled(GaugeMetricFamily(f"crisisflow_{name}", help_, labels=labels), values)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, values: Values) -> Metric:
    for labels, value in values:
        if value is not None:
            family.add_metric(labels, value)
    return family


def _keys(counts: Mapping[str, int]) -> Values:
    return [((key,), count) for key, count in counts.items()]


def _s(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
