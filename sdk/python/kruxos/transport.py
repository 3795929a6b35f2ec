"""HTTP to the gateway: kept connections, and a deadline for the whole answer.

No proxy and no redirect: a token goes to the endpoint and nowhere else.
"""

from __future__ import annotations

import http.client
import io
import os
import selectors
import socket
import ssl
import threading
import time
from typing import Any, List, Optional, Tuple

from .deadline import Deadline
from .endpoint import Endpoint
from .errors import CallTimeoutError, ProtocolError, UnavailableError
from .token import Token
from .version import __version__

# The gateway closes one that was idle for 10 s. A request that is sent while it
# does that is lost, so they are left alone well before.
IDLE_SECONDS = 4.0
KEPT_CONNECTIONS = 16
# audit.query answers at most some hundred entries.
ANSWER_BYTES = 16 << 20

# status, Retry-After, body
Reply = Tuple[int, Optional[str], bytes]


class _UntilDeadline(io.RawIOBase):
    """Reads from a socket; each read has what is left, so all of them have no
    more, however slowly the bytes come."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        # It keeps the socket open until it is closed itself.
        self._raw = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> Optional[int]:
        self._sock.settimeout(self._deadline.left_or_raise(sent=True))
        return self._raw.readinto(into)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _until(deadline: Deadline) -> Any:
    """A class of answers, as http.client makes them, that reads so."""

    class Answer(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, **more: Any) -> None:
            super().__init__(sock, **more)
            self.fp.close()
            self.fp = io.BufferedReader(_UntilDeadline(sock, deadline))

    return Answer


class Transport:
    """Sends a body, returns what is answered. Threads may share it."""

    def __init__(
        self,
        endpoint: Endpoint,
        token: Token,
        tls: Optional[ssl.SSLContext] = None,
    ) -> None:
        self.endpoint = endpoint
        self._token = token
        self._tls = tls
        if endpoint.is_tls and tls is None:
            self._tls = ssl.create_default_context()
        self._lock = threading.Lock()
        self._idle: List[Tuple[float, http.client.HTTPConnection]] = []
        self._process = os.getpid()

    def post(self, body: bytes, deadline: Deadline) -> Reply:
        """Raises UnavailableError, with what may have been sent."""
        connection = self._take() or self._connect(deadline)
        try:
            reply = self._exchange(connection, body, deadline)
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return reply

    def close(self) -> None:
        """Those that are in use are closed by who uses them."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _connect(self, deadline: Deadline) -> http.client.HTTPConnection:
        where, seconds = self.endpoint, deadline.left_or_raise(sent=False)
        connection = (
            http.client.HTTPSConnection(
                where.host, where.port, timeout=seconds, context=self._tls
            )
            if where.is_tls
            else http.client.HTTPConnection(
                where.host, where.port, timeout=seconds
            )
        )
        # It would print the token.
        connection.set_debuglevel(0)
        try:
            connection.connect()
        except (socket.timeout, TimeoutError) as error:
            connection.close()
            raise deadline.passed(sent=False) from error
        except OSError as error:
            connection.close()
            raise UnavailableError(f"{where}: {error}", sent=False) from error
        return connection

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        body: bytes,
        deadline: Deadline,
    ) -> Reply:
        connection.sock.settimeout(deadline.left_or_raise(sent=False))
        try:
            connection.response_class = _until(deadline)
            connection.request(
                "POST", self.endpoint.path, body, self._headers()
            )
            return self._read(connection.getresponse())
        except CallTimeoutError:
            raise
        except (socket.timeout, TimeoutError) as error:
            raise deadline.passed(sent=True) from error
        except (OSError, http.client.IncompleteRead) as error:
            raise UnavailableError(
                f"{self.endpoint}: {error}", sent=True
            ) from error
        except http.client.HTTPException as error:
            # Its words are those of who answered: the token may be in them.
            raise ProtocolError(
                f"{self.endpoint}: no HTTP: {type(error).__name__}"
            ) from None

    def _read(self, response: http.client.HTTPResponse) -> Reply:
        with response:
            # Nothing says that what ends with the connection is whole: not
            # even its headers.
            is_endless = response.length is None and not response.chunked
            body = response.read(ANSWER_BYTES + 1)
            if len(body) > ANSWER_BYTES:
                raise ProtocolError(
                    f"{self.endpoint}: more than {ANSWER_BYTES} bytes"
                )
            # read() with a size does not mind that there is less.
            if is_endless or response.length:
                raise UnavailableError(
                    f"{self.endpoint}: the answer was cut short", sent=True
                )
            return (
                response.status,
                response.getheader("Retry-After"),
                self._token.hidden_in(body),
            )

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": self._token.header(),
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": f"kruxos-python/{__version__}",
        }

    def _take(self) -> Optional[http.client.HTTPConnection]:
        """One that is idle and still open."""
        oldest = time.monotonic() - IDLE_SECONDS
        self._forget_the_parents()
        while True:
            with self._lock:
                if not self._idle:
                    return None
                since, connection = self._idle.pop()
            if since > oldest and not _says_something(connection.sock):
                return connection
            connection.close()

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        if connection.sock is None:
            return
        with self._lock:
            if len(self._idle) < KEPT_CONNECTIONS:
                self._idle.append((time.monotonic(), connection))
                return
        connection.close()

    def _forget_the_parents(self) -> None:
        """Two processes on one connection would read each other's answers."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self.close()


def _says_something(sock: socket.socket) -> bool:
    """Of one that was not asked: it has ended, or speaks out of turn."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))
