"""Download with resume and retries, checked and cached by pooch."""

import logging
import time
from pathlib import Path
from typing import Any

import pooch
import requests
from tqdm import tqdm

from crisisflow.errors import CrisisflowError
from crisisflow.progress import say

ATTEMPTS = 5
PAUSE = 1.0  # seconds, times the number of the attempt
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 13


def _fetch_rest(url: str, partial: Path) -> None:
    """Append to `partial` what is missing of `url`; a server that cannot resume is read from the start."""
    have = partial.stat().st_size if partial.exists() else 0
    # Unencoded: the length and the range are then those of the file.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as reply:
        if have and reply.status_code == requests.codes.requested_range_not_satisfiable:
            # Either all of it is here already, or what is here is longer than the file: only the first is whole.
            if reply.headers.get("Content-Range", "").removeprefix("bytes */") == str(have):
                return
            partial.unlink()
            raise requests.ConnectionError("the file changed while it was downloaded")
        reply.raise_for_status()
        resumed = reply.status_code == requests.codes.partial_content
        have = have if resumed else 0
        expected = have + int(reply.headers["Content-Length"]) if "Content-Length" in reply.headers else None
        with (
            partial.open("ab" if resumed else "wb") as stream,
            tqdm(desc=partial.stem, total=expected, initial=have, unit="B", unit_scale=True) as bar,
        ):
            for chunk in reply.iter_content(CHUNK):
                stream.write(chunk)
                bar.update(len(chunk))
        if expected is not None and partial.stat().st_size != expected:
            raise requests.ConnectionError(f"{partial.stat().st_size} of {expected} bytes came")


class ResumingDownloader:
    """A pooch downloader that keeps what an interrupted transfer brought, and goes on from there."""

    def __init__(self, partial: Path) -> None:
        self._partial = partial

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Called by pooch, which then hashes `output_file` and moves it into place."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _fetch_rest(url, self._partial)
                break
            except requests.RequestException as error:
                if attempt == ATTEMPTS:
                    raise
                say(f"download: attempt {attempt} of {ATTEMPTS} broke off ({type(error).__name__}); going on")
                time.sleep(PAUSE * attempt)
        self._partial.replace(output_file)


def download(url: str, folder: Path) -> Path:
    """The local path of `url`, downloaded into `folder` unless it is there.

    Raises:
        CrisisflowError: the address cannot be reached; what came so far is kept for the next run.
    """
    name = url.rsplit("/", 1)[-1]
    folder.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel(logging.WARNING)  # its advice about known hashes is none for a user
    say(f"download: {url}")
    try:
        # No hash is known beforehand: the publisher states none. The manifest records the one that came.
        path = pooch.retrieve(
            url,
            known_hash=None,
            fname=name,
            path=folder,
            downloader=ResumingDownloader(folder / f"{name}.partial"),
        )
    except requests.RequestException as error:
        raise CrisisflowError(
            f"cannot download {url} ({type(error).__name__}); check the network and run again to go on, "
            "or set corpus.source to a local copy"
        ) from error
    except OSError as error:
        raise CrisisflowError(f"cannot write {folder / name}: {error.strerror or error}; free some space") from error
    return Path(path)
