"""A git hook that lets DVC's files and Snakemake's notes follow every change of branch or commit."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from crisisflow.artifacts import write_text
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say

# git hands over the old commit, the new one, and 1 where a branch or commit was checked out (0: some files only). The
# hook never makes the checkout itself fail, and never changes files under a run.
OWN = re.compile("crisisflow install[-_]hook")  # with a hyphen in hooks that an earlier version wrote
TEXT = """\
#!/bin/sh
# Written by `crisisflow install_hook`; delete this file to be rid of it.
[ "$3" = 1 ] && [ "$1" != "$2" ] && [ -f dvc.lock ] && [ -f src/crisisflow/versioning/sync.py ] || exit 0
if [ -n "$(ls .snakemake/locks 2> /dev/null)" ]; then
    echo "crisisflow: a run is at work here, so data and results stay; after it: dvc checkout; crisisflow sync" >&2
    exit 0
fi
PATH={path}:$PATH PYTHONPATH=$PWD/src
export PATH PYTHONPATH
dvc checkout > /dev/null
crisisflow sync
exit 0
"""


def run() -> None:
    """Install the hook `post-checkout`: `dvc checkout`, then `crisisflow sync`.

    Raises:
        CrisisflowError: this is no git checkout, has such a hook of its own, or shares its hooks with others.
    """
    asked = subprocess.run(
        ["git", "rev-parse", "--path-format=absolute", "--git-path", "hooks", "--git-common-dir"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        raise CrisisflowError("this is no git checkout, so there is nowhere to put a hook; run: git init")
    hooks, repository = map(Path, asked.stdout.splitlines())
    hook = hooks / "post-checkout"
    if not hook.is_relative_to(repository):
        raise CrisisflowError(
            f"git's core.hooksPath is {hooks}, which other repositories share; add to {hook} yourself: "
            "dvc checkout; crisisflow sync"
        )
    text = TEXT.format(path=shlex.quote(str(Path(sys.executable).parent)))
    if hook.exists() and not OWN.search(hook.read_text(encoding="utf-8")):
        raise CrisisflowError(f"{hook} is there and not ours; add to it: dvc checkout; crisisflow sync")
    hook.parent.mkdir(parents=True, exist_ok=True)
    write_text(hook, text)
    hook.chmod(0o755)
    say(f"install_hook: git now keeps data and results with each checkout ({hook})")
