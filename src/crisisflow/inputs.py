"""What a step's parameters say beside their types: which paths it reads, and which section sets its processes.

The command line checks the inputs before it imports the step. A bare `Path` is written by the step, or may be absent.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

from crisisflow.artifacts import check_file, check_folder


class Checked(NamedTuple):
    """The check of a path that a step reads; it raises CrisisflowError."""

    check: Callable[[Path], None]


InputFile = Annotated[Path, Checked(check_file)]
InputFolder = Annotated[Path, Checked(check_folder)]

# Of a section with the key `processes`: the step runs at once in so many processes of this machine.
IN_PROCESSES = "in processes"
