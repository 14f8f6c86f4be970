"""A git hook that lets DVC's files and Snakemake's notes follow every change of branch or commit."""

import shlex
import subprocess
import sys
from pathlib import Path

from crisisflow.artifacts import write_text
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say

# git hands over the old commit, the new one, and 1 where a branch or commit was checked out (0: some files only). The
# hook never makes the checkout itself fail.
TEXT = """\
#!/bin/sh
# Written by `crisisflow install-hook`; delete this file to be rid of it.
[ "$3" = 1 ] && [ -f dvc.lock ] || exit 0
PATH={path}:$PATH PYTHONPATH=$PWD/src
export PATH PYTHONPATH
dvc checkout --quiet || echo "crisisflow: not all artifacts are in DVC's cache here; dvc pull fetches them" >&2
crisisflow sync
exit 0
"""


def run() -> None:
    """Install the hook `post-checkout`: `dvc checkout`, then `crisisflow sync`.

    Raises:
        CrisisflowError: this is no git checkout, or has such a hook of its own.
    """
    asked = subprocess.run(["git", "rev-parse", "--git-path", "hooks"], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise CrisisflowError("this is no git checkout, so there is nowhere to put a hook; run: git init")
    hook = Path(asked.stdout.strip()) / "post-checkout"
    text = TEXT.format(path=shlex.quote(str(Path(sys.executable).parent)))
    if hook.exists() and "crisisflow install-hook" not in hook.read_text(encoding="utf-8"):
        raise CrisisflowError(f"{hook} is there and not ours; add to it: dvc checkout; crisisflow sync")
    hook.parent.mkdir(parents=True, exist_ok=True)
    write_text(hook, text)
    hook.chmod(0o755)
    say(f"install-hook: git now keeps data and results with each checkout ({hook})")
