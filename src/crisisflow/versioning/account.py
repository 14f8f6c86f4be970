"""What Snakemake and DVC need of the account that they run under, and a container's user often lacks."""

import getpass
import os
from pathlib import Path

from crisisflow.errors import CrisisflowError


def require_home() -> None:
    """Refuse an account without a home folder to write to; Snakemake and DVC would end with a traceback.

    Raises:
        CrisisflowError: there is none; says what to set.
    """
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache.mkdir(parents=True, exist_ok=True)
        writable = os.access(cache, os.W_OK)
    except (RuntimeError, OSError):  # RuntimeError: HOME is not set, and the user is not in /etc/passwd
        writable = False
    if not writable:
        raise CrisisflowError(
            "Snakemake and DVC keep a cache in the home folder, and this user has none to write to; set one: "
            "export HOME=/path/to/a/folder"
        )


def ensure_name() -> None:
    """Give a user without an entry in /etc/passwd a name, here and in the steps: libraries ask for one."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = str(os.getuid())
