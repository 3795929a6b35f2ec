"""What a user may do with files and sockets: probe.py PATH...

Prints one JSON object: for each path "w" (it can be written: a file changed, a
folder filled, a socket connected to), "r" (read), or "-". Nothing is changed.
"""

import errno
import json
import os
import socket
import stat
import sys


def may_connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except PermissionError:
            return False
    return True


def may_fill(path):
    mark = os.path.join(path, f"probe-{os.getpid()}")
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except OSError:
        return False
    os.unlink(mark)
    return True


def may_open(path, flags):
    try:
        os.close(os.open(path, flags))
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            return False
        raise
    return True


def rights(path):
    try:
        mode = os.stat(path).st_mode
    except PermissionError:
        return "-"
    if stat.S_ISSOCK(mode):
        return "w" if may_connect(path) else "-"
    if may_fill(path) if stat.S_ISDIR(mode) else may_open(path, os.O_WRONLY):
        return "w"
    return "r" if may_open(path, os.O_RDONLY) else "-"


print(json.dumps({path: rights(path) for path in sys.argv[1:]}))
