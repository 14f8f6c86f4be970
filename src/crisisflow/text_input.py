"""Text that a user hands over: an argument, standard input, a file or a named pipe; plain or compressed by gzip.

It is opened at once, so that a wrong name is told before a model is loaded, and read only when it is wanted.
"""

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from crisisflow.errors import CrisisflowError

STDIN = "-"
GZIP = b"\x1f\x8b"
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks


def name_of(file: str) -> str:
    """The file in words."""
    return "standard input" if file == STDIN else file


def open_input(file: str, kind: str) -> BinaryIO:
    """A file, a named pipe, or standard input (`-`), opened but not read.

    Args:
        kind: what it should be, for the message.

    Raises:
        CrisisflowError: it is not there, a folder, or may not be read.
    """
    if file == STDIN:
        if sys.stdin is None:  # started with `<&-`
            raise CrisisflowError(f"standard input is closed; name {kind} instead of -")
        # A reader of its own: Python ends with a crash when it closes sys.stdin while a thread still waits for a line.
        return open(sys.stdin.fileno(), "rb", closefd=False)
    try:
        return Path(file).open("rb")
    except FileNotFoundError:
        raise CrisisflowError(f"{file} does not exist; name {kind}, or - for standard input") from None
    except IsADirectoryError:
        raise CrisisflowError(f"{file} is a folder; name {kind}, or - for standard input") from None
    except (OSError, ValueError) as error:
        raise CrisisflowError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from None


def decoded(stream: BinaryIO) -> TextIO:
    """The text of a stream: UTF-8, or UTF-16 with its mark, also compressed by gzip. Waits for the first bytes.

    Bytes that are not UTF-8 become lone surrogates: whoever knows their line can name it.
    """
    if stream.peek(2)[:2] == GZIP:
        stream = io.BufferedReader(gzip.GzipFile(fileobj=stream))
    if stream.peek(2)[:2] in UTF16:
        return io.TextIOWrapper(stream, encoding="utf-16")
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape")


@contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    """What fails while a stream is read, as one line about it."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CrisisflowError(f"{name} is no whole gzip file: {error}") from None
    except UnicodeError as error:
        raise CrisisflowError(f"{name} begins as UTF-16 and is not: {error}") from None


def lines_of(stream: BinaryIO, name: str) -> Iterator[str]:
    """The lines of a stream, as they come.

    Raises:
        CrisisflowError: it is no whole gzip file, or not the UTF-16 that its mark says; after the lines before.
    """
    with _reading_errors(name):
        yield from decoded(stream)


def is_text(text: str) -> bool:
    """Whether a text can be written as UTF-8: no byte of it was unreadable, and no surrogate stands alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def text_of(argument: str, most: int) -> str:
    """The text of an argument, or of standard input (`-`).

    Args:
        most: characters that it may have.

    Raises:
        CrisisflowError: it says nothing, has more characters, or is no text.
    """
    if argument == STDIN:
        name = name_of(STDIN)
        with _reading_errors(name):
            text = decoded(open_input(STDIN, "the text")).read(most + 1)
    else:
        text, name = argument, "the text"
        if not is_text(text):  # in the C locale arguments are decoded as ASCII, whatever they are
            text = os.fsencode(text).decode("utf-8", "surrogateescape")
    if not text.strip():
        raise CrisisflowError("there is no text to explain; give one, or - to read it from standard input")
    if len(text) > most:
        raise CrisisflowError(f"{name} has more than {most:,} characters; explain takes a tweet, not a collection")
    if not is_text(text):
        raise CrisisflowError(f"{name} is not UTF-8; convert it, as by iconv -t UTF-8")
    return text
