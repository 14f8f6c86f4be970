"""The folder channel: a file for each message, with its id as the name, and an Atom feed of CAP messages."""

from pathlib import Path
from threading import Lock

from crisisflow.artifacts import atomic_path
from crisisflow.errors import CrisisflowError
from crisisflow.ingest.delivery.cap import add_to_feed, as_cap
from crisisflow.ingest.delivery.message import Message
from crisisflow.ingest.delivery.result import Result, line
from crisisflow.ingest.routing.agencies import Cap, Folder

FEED = "feed.atom.xml"


class FolderReceiver:
    """A folder. A file is written beside and renamed, so that it is whole when it is there."""

    def __init__(self, channel: Folder, cap: Cap | None, folder: Path) -> None:
        self.channel, self.cap, self.folder = channel, cap, folder / channel.folder
        self._feed = Lock()

    def send(self, message: Message) -> Result:
        """Write a message; the same one again is the same file."""
        as_xml = self.channel.form == "cap" and self.cap is not None
        file = f"{message.id}.{'xml' if as_xml else 'json'}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(self.folder / file) as partial:
                partial.write_bytes(as_cap(message, self.cap) if as_xml and self.cap else message.as_json())
            if self.channel.feed and self.cap:
                with self._feed:
                    add_to_feed(self.folder / FEED, file, message, self.cap)
        except (OSError, CrisisflowError) as error:
            return Result("failed", line(f"cannot write to the folder: {error}"))
        return Result("delivered", f"written: {file}")
