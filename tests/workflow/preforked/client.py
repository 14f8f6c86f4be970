"""What stands in the PATH of the tests under the name of a command: it has `server.py` run that command.

SOCKET and the folder of the real commands stand beside it, in the file `where`.
"""

import json
import os
import socket
import sys

name = os.path.basename(sys.argv[0])  # noqa: PTH119
with open(os.path.join(os.path.dirname(sys.argv[0]), "where")) as where:  # noqa: PTH120, PTH118, PTH123
    path, commands = where.read().splitlines()
request = {
    "arguments": [os.path.join(commands, name), *sys.argv[1:]],  # noqa: PTH118
    "folder": os.getcwd(),  # noqa: PTH109
    "environment": dict(os.environ),
}
with socket.socket(socket.AF_UNIX) as server:
    server.connect(path)
    content = json.dumps(request).encode()
    server.sendall(len(content).to_bytes(4))
    server.recv(1)
    socket.send_fds(server, [b"f"], [0, 1, 2])
    server.sendall(content)
    code = server.recv(1)
os._exit(code[0] if code else 1)
