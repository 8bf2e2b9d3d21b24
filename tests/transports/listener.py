#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""listener.py COMMAND...: runs a command that inherits a listening socket, and says whether anybody connected to it."""
import socket
import subprocess
import sys

with socket.create_server(('127.0.0.1', 0)) as listener:
    status = subprocess.run(sys.argv[1:], pass_fds=[listener.fileno()], check=False).returncode
    listener.setblocking(False)
    try:
        listener.accept()
        print('somebody connected')
        status = 1
    except BlockingIOError:
        print('nobody connected')
sys.exit(status)
