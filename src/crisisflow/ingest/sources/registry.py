"""The sources by their kinds, and those of other packages by their entry points."""

from importlib.metadata import entry_points
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.ingest import operations as configuration
from crisisflow.ingest.sources.source import Source

GROUP = "crisisflow.sources"


def make(own: configuration.Source, operations: configuration.Operations, folder: Path) -> Source:
    """The source of a section of operations.yaml; its module is imported now.

    Args:
        folder: from which its paths count.

    Raises:
        CrisisflowError: it cannot be made.
    """
    if isinstance(own, configuration.JsonlSource):
        from crisisflow.ingest.sources.jsonl import JsonlSource

        return JsonlSource(own.path, own.follow, folder)
    if isinstance(own, configuration.PushSource):
        from crisisflow.ingest.sources.push import PushServer

        return PushServer(own, [watch.id for watch in operations.watches if own.id in watch.sources], folder)
    if isinstance(own, configuration.FeedSource):
        from crisisflow.ingest.sources.feed import FeedReader

        return FeedReader(own.url, own.every)
    if isinstance(own, configuration.MastodonSource):
        from crisisflow.ingest.sources.mastodon import MastodonStream

        return MastodonStream(own, folder)
    if isinstance(own, configuration.BlueskySource):
        from crisisflow.ingest.sources.bluesky import Jetstream

        return Jetstream(own.url, own.silence, own.jump)
    if isinstance(own, configuration.ReplaySource):
        from crisisflow.ingest.sources.replay import Replay

        return Replay(folder / own.path, own.speed)
    return _plugin(own)


def _plugin(own: configuration.PluginSource) -> Source:
    found = {point.name: point for point in entry_points(group=GROUP)}
    if own.plugin not in found:
        there = f"there are: {', '.join(sorted(found))}" if found else "no installed package has one"
        raise CrisisflowError(f"source {own.id}: no plug-in {own.plugin} in the entry points {GROUP}; {there}")
    try:
        return found[own.plugin].load()(**own.options)
    except CrisisflowError:
        raise
    except Exception as error:  # of another package
        raise CrisisflowError(f"source {own.id}: plug-in {own.plugin}: {type(error).__name__}: {error}") from error
