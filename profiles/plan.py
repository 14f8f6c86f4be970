"""What the jobs of a profile would ask a cluster for: a dry run of Snakemake's, whose own output leaves it out.

python profiles/plan.py profiles/slurm
"""

import argparse
import contextlib
import importlib.util
import io
import sys
from collections import Counter
from logging import LogRecord
from pathlib import Path

import yaml
from snakemake.cli import main
from snakemake.logging import logger
from tabulate import tabulate

COLUMNS = ("mem_mb", "runtime", "gpu")


def run(profile: str, arguments: list[str]) -> int:
    """Print a table of the jobs, and give Snakemake's exit code."""
    jobs: Counter[tuple] = Counter()

    def count(record: LogRecord) -> bool:
        if hasattr(record, "rule_name") and hasattr(record, "resources"):
            asked = dict(record.resources)
            if record.rule_name != "all":
                jobs[record.rule_name, record.threads, *(asked.get(name, "") for name in COLUMNS)] += 1
        return True

    logger.addFilter(count)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            main(["--dry-run", "--profile", profile, *arguments])
        except SystemExit as end:
            code = end.code
    if code:
        print(said.getvalue(), file=sys.stderr)
    else:
        rows = [(*key[:1], number, *key[1:]) for key, number in jobs.items()]
        print(tabulate(rows, headers=["rule", "jobs", "CPUs", *COLUMNS]))
    return code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What the jobs of a profile would ask a cluster for.")
    parser.add_argument("profile", help="its folder; further arguments are Snakemake's")
    given, others = parser.parse_known_args()
    settings = Path(given.profile, "config.yaml")
    executor = yaml.safe_load(settings.read_text(encoding="utf-8")).get("executor") if settings.exists() else None
    if executor and importlib.util.find_spec(f"snakemake_executor_plugin_{executor}") is None:
        parser.error(
            f"{given.profile} needs snakemake-executor-plugin-{executor}, which is not installed: docs/scale.md"
        )
    sys.exit(run(given.profile, others))
