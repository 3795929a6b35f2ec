"""Lines for the door: say.py SOCKET LINE... prints the first answer to each.

Each has a connection of its own: whoever may say nothing is hung up on.
"""

import socket
import sys


def say(line):
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(30)
        door.connect(sys.argv[1])
        try:
            door.sendall(line.encode() + b"\n")
        except BrokenPipeError:
            pass  # it was answered before it was said
        return door.makefile().readline()


for line in sys.argv[2:]:
    print(say(line), end="")
