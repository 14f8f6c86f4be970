"""`python -m crisisflow` is the command `crisisflow`."""

import gc

# Imports leave no garbage; `run_command` turns this on again.
gc.disable()

from crisisflow.cli import main  # noqa: E402

main()
