"""Files that come and go: remotes in a folder and behind a real sshd, interrupted; a cache that may only be read."""

import getpass
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.conftest import ONE_ROW, Study


@pytest.fixture
def local_remote(tmp_path) -> Iterator[dict[str, str]]:
    """The settings of a remote in a local folder."""
    yield {"url": str(tmp_path / "remote")}


@pytest.fixture
def ssh_remote(tmp_path) -> Iterator[dict[str, str]]:
    """The settings of a remote behind a real sshd, which runs on loopback for the test."""
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": tmp_path / "host",
        "AuthorizedKeysFile": tmp_path / "key.pub",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "yes",
        "StrictModes": "no",
        "UsePAM": "no",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
    }
    (tmp_path / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    if getpass.getuser() == "root":
        Path("/run/sshd").mkdir(exist_ok=True)
    command = [shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"), "-D", "-e", "-f", tmp_path / "sshd_config"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        try:
            assert "Server listening" in daemon.stderr.readline()
            yield {
                "url": f"ssh://127.0.0.1:{port}{tmp_path / 'remote'}",
                "user": getpass.getuser(),
                "keyfile": str(tmp_path / "key"),
            }
        finally:
            daemon.kill()


def objects(folder: Path) -> int:
    """How many whole objects a cache or remote holds."""
    return sum(1 for path in folder.glob("files/md5/*/*") if re.fullmatch("[0-9a-f]{30}(.dir)?", path.name))


@pytest.mark.parametrize("remote", ["local_remote", "ssh_remote"])
def test_an_interrupted_push_and_pull_go_on_and_a_clone_has_nothing_to_do(history, tmp_path, request, remote):
    settings = request.getfixturevalue(remote)
    study = history.copied(tmp_path / "study")
    study.run("dvc", "remote", "add", "--default", "box", settings.pop("url"))
    for name, value in settings.items():
        study.run("dvc", "remote", "modify", "box", name, value)
    study.commit("remote")
    study.kill_when("../remote/files/md5/*/*", "dvc", "push", "--jobs", "1")
    half = objects(tmp_path / "remote")
    study.run("dvc", "push", "--jobs", "4")
    whole = objects(tmp_path / "remote")
    assert half < whole
    assert "Everything is up to date" in study.run("dvc", "push").stdout

    study.run("git", "clone", "-q", ".", str(tmp_path / "clone"))
    clone = Study.at(tmp_path / "clone")
    clone.kill_when(".dvc/cache/files/md5/*/*", "dvc", "pull", "--jobs", "1")
    assert objects(clone.folder / ".dvc" / "cache") < whole
    clone.run("dvc", "pull")
    assert clone.artifacts() == study.artifacts()
    clone.run("crisisflow", "sync")
    assert clone.planned() == {}
    assert "up to date" in clone.run("dvc", "status").stdout
    clone.vary("humaid_ner.rows.D.freeze_layers", 0)
    assert clone.planned() == ONE_ROW


def test_a_missing_remote_is_one_line(history, tmp_path):
    study = history.copied(tmp_path / "study")
    done = study.run("dvc", "push", check=False)
    assert done.returncode != 0
    assert "no remote specified" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_cache_that_may_not_be_written(history, tmp_path):
    """Root may write anywhere, so the commands run without that right."""
    study = history.copied(tmp_path / "study")
    cache = study.folder / ".dvc" / "cache"
    for path in (cache, *cache.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    powers = "-dac_override,-dac_read_search"
    limited = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"] if getpass.getuser() == "root" else []
    for command in ("git checkout -q first", "dvc checkout", "crisisflow sync"):
        study.run(*limited, *command.split(), real=True)
    assert study.planned() == {}
    study.vary("preset", "unseen")  # a report that the cache does not have yet
    done = study.run(*limited, "snakemake", "--cores", "2", check=False, real=True)
    assert done.returncode != 0
    assert f"crisisflow: DVC may not write {cache}" in done.stderr
    assert "Traceback" not in done.stderr
    assert study.planned() == {}  # what was made is there
    for path in (cache, *cache.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    study.run("crisisflow", "record")
    assert "up to date" in study.run("dvc", "status").stdout
