"""One process of a training in several: it runs the command, and reports its error to the launcher (launch.py)."""

import json
import os
import socket
import sys
import threading
import time
import traceback

from crisisflow.cli import run_command
from crisisflow.errors import CrisisflowError

LONGEST_REPORT = 20_000  # characters: as JSON less than a socket holds until it is read


def _end_with(launcher: socket.socket) -> None:
    """End this process when the launcher is gone, be it by SIGKILL."""
    launcher.recv(1)
    os._exit(1)


def main() -> None:
    """Run the command of this process."""
    launcher = socket.socket(fileno=sys.stdin.fileno())
    threading.Thread(target=_end_with, args=(launcher,), daemon=True).start()
    try:
        run_command()
    except Exception as error:
        expected = isinstance(error, (CrisisflowError, OSError)) and "--debug" not in sys.argv
        text = str(error) if expected else traceback.format_exc()
        report = {"at": time.monotonic(), "expected": expected, "text": text[-LONGEST_REPORT:]}
        launcher.sendall(json.dumps(report).encode())
        # At once: on the way out, libraries would wait for the other processes, or complain.
        os._exit(1)


if __name__ == "__main__":
    main()
