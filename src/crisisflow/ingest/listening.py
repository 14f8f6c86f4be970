"""A web server within a process that has other work: in a thread, until the process is to end."""

import socket
import threading

import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    """A server in a thread, which gets no signals."""

    def install_signal_handlers(self) -> None:
        """Leave them to the process."""


def serve(app: ASGIApp, listening: socket.socket, stopping: threading.Event) -> None:
    """Answer at a socket until `stopping` is set."""
    config = uvicorn.Config(
        app, http="h11", ws="none", log_config=None, access_log=False, server_header=False,
        proxy_headers=False, timeout_graceful_shutdown=3, lifespan="off",
    )  # fmt: skip
    server = _Server(config)

    def end() -> None:
        stopping.wait()
        server.should_exit = True

    threading.Thread(target=end, daemon=True).start()
    server.run([socket.socket(fileno=socket.dup(listening.fileno()))])
