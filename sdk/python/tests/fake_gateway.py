"""A gateway of a few lines, which answers what a test tells it to: rightly,
wrongly, late, in part or not at all."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any, Callable, Dict, List, Mapping, Optional

TOKEN = "krx_agent_" + "s" * 43
SESSION = "sess-" + "a" * 22

# What is done with a request: bytes are written, None hangs up.
Act = Callable[["Request"], Optional[bytes]]


class Request:
    """One that has come."""

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        self.headers = headers
        self.json: Dict[str, Any] = json.loads(body)
        self.method: str = self.json["method"]
        self.params: Dict[str, Any] = self.json["params"]


def http(status: int, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def says(**fields: Any) -> Act:
    """An answer with these beside its id, whatever they are."""

    def act(request: Request) -> bytes:
        answer = {"jsonrpc": "2.0", "id": request.json["id"], **fields}
        return http(200, json.dumps(answer).encode())

    return act


def result(**fields: Any) -> Act:
    return says(result=fields)


def invoked(*, call_id: str = "call-1", **fields: Any) -> Act:
    return result(
        result=fields,
        call_id=call_id,
        seq=7,
        policy_tier="autonomous",
        duration_ms=1.5,
    )


def error(code: int, message: str = "no", **data: Any) -> Act:
    return says(error={"code": code, "message": message, "data": data})


def raw(text: bytes) -> Act:
    return lambda request: text


class Last(bytes):
    """What is written before it hangs up."""


def cut_short(text: bytes) -> Act:
    return lambda request: Last(text)


def hangs_up(request: Request) -> None:
    return None


class Silence:
    """Is asked, and does not answer until it is over."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.over = threading.Event()

    def __call__(self, request: Request) -> None:
        self.asked.set()
        self.over.wait(30)


class FakeGateway:
    """Does one act a request, in their order; sessions are begun and ended
    without one. `requests` has all that came, but for these."""

    def __init__(self, *acts: Act) -> None:
        self._acts = list(acts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: List[socket.socket] = []
        self.requests: List[Request] = []
        self.sessions: List[Request] = []
        self.begins: Act = result(session_id=SESSION)
        self.ends: Act = result(session_id=SESSION)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return "http://127.0.0.1:%d" % self._listener.getsockname()[1]

    @property
    def connections(self) -> int:
        """How many there have been."""
        return len(self._connections)

    @property
    def methods(self) -> List[str]:
        return [request.method for request in self.requests]

    def hang_up(self) -> None:
        """On all, as if they had been idle for too long."""
        for connection in self._connections:
            _end(connection)

    def __enter__(self) -> FakeGateway:
        return self

    def __exit__(self, *error: object) -> None:
        _end(self._listener)
        self.hang_up()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        try:
            while True:
                request = _read(stream)
                answer = None if request is None else self._act(request)
                if answer is None:
                    break
                connection.sendall(answer)
                if isinstance(answer, Last):
                    break
        except OSError:
            pass
        finally:
            stream.close()
            _end(connection)

    def _act(self, request: Request) -> Optional[bytes]:
        if request.method.startswith("session."):
            self.sessions.append(request)
            begins = request.method == "session.create"
            return (self.begins if begins else self.ends)(request)
        self.requests.append(request)
        return self._acts.pop(0)(request)


def _read(stream: Any) -> Optional[Request]:
    if not stream.readline():
        return None
    headers = {}
    for line in iter(stream.readline, b"\r\n"):
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return Request(headers, stream.read(int(headers["content-length"])))


def _end(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
