"""`python -m crisisflow` is the command `crisisflow`."""

from crisisflow.cli import main

main()
