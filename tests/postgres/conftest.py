"""A server of PostgreSQL of the tests' own, on a socket in a temporary folder, as an unprivileged user."""

import getpass
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


class Server:
    """A server; it listens at a socket alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = "postgres" if os.geteuid() == 0 else getpass.getuser()  # PostgreSQL does not run as root
        self._numbers = itertools.count()

    def start(self) -> None:
        shutil.chown(self.folder, self.user)
        self._run("initdb", "--pgdata", self.folder / "data", "--auth", "peer", "--encoding", "UTF8", "--locale", "C")
        # The tests run as another user than the server: whoever reaches the socket's folder may be the administrator.
        (self.folder / "data" / "pg_hba.conf").write_text("local all all trust\n")
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "--pgdata", self.folder / "data", "--log", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "--pgdata", self.folder / "data", "--mode", "immediate", "stop")

    def restart(self) -> None:
        self._run("pg_ctl", "--pgdata", self.folder / "data", "--mode", "immediate", "restart")

    def database(self) -> str:
        """The address of a new, empty schema."""
        name = f"store{next(self._numbers)}"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{self.address()}&options=-csearch_path%3D{name}"

    def address(self) -> str:
        return f"postgresql:///postgres?host={self.folder}&user={self.user}"

    def _run(self, program: str, *words: object) -> None:
        own = [str(PROGRAMS / program), *map(str, words)]
        as_user = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid} if os.geteuid() == 0 else {}
        subprocess.run(own, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **as_user)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="crisisflow-", dir="/tmp") as folder:  # a socket's path is short
        own = Server(Path(folder))
        own.start()
        yield own
        own.stop()
