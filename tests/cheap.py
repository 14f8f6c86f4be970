"""Commands that must end before anything heavy is imported: many in one process, which cannot import it."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

CODE = """
import json, sys
HEAVY = {"torch", "transformers", "spacy", "pandas", "sklearn", "onnxruntime", "fastapi", "snakemake", "dvc"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] not in HEAVY, f"{name} is imported"
sys.meta_path.insert(0, Refuse())
from crisisflow.cli import main
for arguments in json.loads(sys.argv.pop()):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        print(end.code)
"""


def check_told_cheaply(cases: Mapping[str, Sequence[str]], stdin=subprocess.DEVNULL) -> None:
    """Each case, what is said by its arguments, ends with exit code 2 and one line that says it."""
    command = [sys.executable, "-c", CODE, json.dumps([*cases.values()])]
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["2"] * len(cases), done.stderr
    for said, line in zip(cases, done.stderr.splitlines(), strict=True):
        assert line.startswith("crisisflow: ")
        assert said in line
