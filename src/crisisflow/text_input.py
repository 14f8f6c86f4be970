"""Text that a user hands over: an argument, standard input, a file or a named pipe; plain, or by gzip, bzip2 or xz.

It is opened at once, so that a wrong name is told before a model is loaded, and read only when it is wanted.
"""

import bz2
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from crisisflow.errors import CrisisflowError

STDIN = "-"
# What files begin with.
UNPACKERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
UTF16 = (b"\xff\xfe", b"\xfe\xff")
UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
NO_TEXT = {b"PK\3\4": "a zip file or workbook", b"\x28\xb5\x2f\xfd": "packed by zstd", b"PAR1": "a Parquet file"}


class NoTextError(ValueError):
    """Says what a stream is that holds no lines of text."""


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
    """The text of a stream: UTF-8, or UTF-16 with its mark, also packed. Waits for the first bytes.

    Bytes that are not UTF-8 become lone surrogates: whoever knows their line can name it.

    Raises:
        NoTextError: it is of a known kind that holds no lines of text.
    """
    for sign, unpacker in UNPACKERS.items():
        if stream.peek(6).startswith(sign):
            stream = io.BufferedReader(unpacker(stream))
            break
    head = stream.peek(4)[:4]
    for sign, kind in (NO_TEXT | dict.fromkeys(UTF32, "UTF-32")).items():
        if head.startswith(sign):
            raise NoTextError(kind)
    if head[:2] in UTF16:
        return io.TextIOWrapper(stream, encoding="utf-16")
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape")


@contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    """What fails while a stream is read, as one line about it."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:  # bz2 has no error of its own
        raise CrisisflowError(f"{name} is no whole file of gzip, bzip2 or xz: {error}") from None
    except NoTextError as error:
        raise CrisisflowError(f"{name} is {error}; unpack it, or convert it to UTF-8") from None
    except UnicodeError as error:
        raise CrisisflowError(f"{name} begins as UTF-16 and is not: {error}") from None


def lines_of(stream: BinaryIO, name: str) -> Iterator[str]:
    """The lines of a stream, as they come.

    Raises:
        CrisisflowError: it is packed and not whole, of a kind that is no text, or not the UTF-16 that its mark says;
            after the lines before.
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
