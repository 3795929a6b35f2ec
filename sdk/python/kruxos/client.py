"""KruxOS: an agent's session with the gateway."""

from __future__ import annotations

import asyncio
import itertools
import logging
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import (
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    Optional,
    Type,
    TypeVar,
)

from .deadline import Deadline
from .endpoint import Endpoint
from .errors import AuthenticationError, KruxOSError, ProtocolError
from .result import Call, Result
from .retry import READ_ONLY, Retry
from .rpc import read_answer, request_text
from .token import Token
from .transport import Transport

DEFAULT_ENDPOINT = "http://127.0.0.1:7700"
DEFAULT_TIMEOUT = 30.0
# Calls of one client at once, by asyncio; more of them wait.
THREADS = 32

_diag = logging.getLogger("kruxos")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Capability:
    """What an agent may ask for, and whether the policy lets it run."""

    name: str
    description: str = ""
    policy_tier: Optional[str] = None
    input_schema: Mapping[str, Any] = field(default_factory=dict)


class KruxOS:
    """A session. `connect` and `connect_async` begin one, `close` ends it, and
    `with` or `async with` do both.

    Threads may share it. Everything comes in two forms: one that waits, and,
    with `_async` in its name, one that is awaited.
    """

    def __init__(
        self,
        transport: Transport,
        agent_name: Optional[str],
        timeout: float,
        retry: Retry,
    ) -> None:
        """Not for callers, who `connect`."""
        self._transport = transport
        self._timeout = timeout
        self._retry = retry
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._threads: Optional[ThreadPoolExecutor] = None
        self._is_open = True
        self.agent_name = agent_name
        self.session_id: Optional[str] = None

    # --- a session -----------------------------------------------------------

    @classmethod
    def connect(
        cls,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        api_key: str,
        agent_name: Optional[str] = None,
        purpose: Optional[str] = None,
        timeout: float = DEFAULT_TIMEOUT,
        retry: Retry = Retry(),
        tls: Optional[ssl.SSLContext] = None,
        allow_plain: bool = False,
    ) -> KruxOS:
        """Begin a session.

        endpoint: the gateway's URL.
        api_key: the agent's token, as `kruxos agent create` printed it.
        agent_name: whose it is. The token alone decides that; a name that is
            not the token's is an AuthenticationError.
        purpose: what the session is for, as it is recorded.
        timeout: seconds that a call may take, its repetitions included.
        retry: what is said again, and when.
        tls: certificates that are not the system's.
        allow_plain: http:// to another host, over a network that is trusted.
        """
        new = cls._new(
            endpoint, api_key, agent_name, timeout, retry, tls, allow_plain
        )
        new._begin(purpose, Deadline(timeout))
        return new

    @classmethod
    async def connect_async(
        cls,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        api_key: str,
        agent_name: Optional[str] = None,
        purpose: Optional[str] = None,
        timeout: float = DEFAULT_TIMEOUT,
        retry: Retry = Retry(),
        tls: Optional[ssl.SSLContext] = None,
        allow_plain: bool = False,
    ) -> KruxOS:
        """`connect`, awaited."""
        new = cls._new(
            endpoint, api_key, agent_name, timeout, retry, tls, allow_plain
        )
        await new._in_thread(
            Deadline(timeout), lambda deadline: new._begin(purpose, deadline)
        )
        return new

    def close(self) -> None:
        """End the session; once is enough."""
        with self._lock:
            was_open, self._is_open = self._is_open, False
            threads = self._threads
        try:
            if was_open and self.session_id is not None:
                self._end(Deadline(self._timeout))
        finally:
            self._transport.close()
            if threads is not None:
                threads.shutdown(wait=False)

    async def close_async(self) -> None:
        """`close`, awaited."""
        # Not in a thread of the pool that it ends.
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    # --- calls ---------------------------------------------------------------

    def call(self, name: str, /, **arguments: Any) -> Result:
        """Invoke a capability: `os.call("system.metrics", category="http")`."""
        return self.invoke(name, arguments)

    async def call_async(self, name: str, /, **arguments: Any) -> Result:
        """`call`, awaited."""
        return await self.invoke_async(name, arguments)

    def invoke(
        self,
        name: str,
        arguments: Optional[Mapping[str, Any]] = None,
        *,
        call_id: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Result:
        """`call`, with what is to be known of the call itself.

        call_id: the caller's id of it. The same id again is the same call: it
            is repeated, too, when it is not known whether it was done.
        timeout: seconds for this one.
        """
        return self._invoke(name, arguments, call_id, self._until(timeout))

    async def invoke_async(
        self,
        name: str,
        arguments: Optional[Mapping[str, Any]] = None,
        *,
        call_id: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Result:
        """`invoke`, awaited. Cancelled, it is not repeated; what has been sent
        may still be done."""
        return await self._in_thread(
            self._until(timeout),
            lambda deadline: self._invoke(name, arguments, call_id, deadline),
        )

    def capabilities(self) -> List[Capability]:
        """Everything that there is to call."""
        return self._capabilities(self._until(None))

    async def capabilities_async(self) -> List[Capability]:
        """`capabilities`, awaited."""
        return await self._in_thread(self._until(None), self._capabilities)

    def describe(self, name: str) -> Capability:
        """One of them, by name."""
        return self._describe(name, self._until(None))

    async def describe_async(self, name: str) -> Capability:
        """`describe`, awaited."""
        return await self._in_thread(
            self._until(None), lambda deadline: self._describe(name, deadline)
        )

    # --- with ----------------------------------------------------------------

    def __enter__(self) -> KruxOS:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        try:
            self.close()
        except KruxOSError:
            # What went wrong before is what matters.
            if error is None:
                raise

    async def __aenter__(self) -> KruxOS:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        try:
            await self.close_async()
        except KruxOSError:
            if error is None:
                raise

    def __repr__(self) -> str:
        return (
            f"KruxOS({str(self._transport.endpoint)!r}, "
            f"agent_name={self.agent_name!r}, session_id={self.session_id!r})"
        )

    # --- behind them ---------------------------------------------------------

    @classmethod
    def _new(
        cls,
        endpoint: str,
        api_key: str,
        agent_name: Optional[str],
        timeout: float,
        retry: Retry,
        tls: Optional[ssl.SSLContext],
        allow_plain: bool,
    ) -> KruxOS:
        where = Endpoint.parse(endpoint, allow_plain=allow_plain)
        transport = Transport(where, Token(api_key), tls)
        return cls(transport, agent_name, timeout, retry)

    def _begin(self, purpose: Optional[str], deadline: Deadline) -> None:
        params = _given(agent_name=self.agent_name, purpose=purpose)
        try:
            result = self._ask("session.create", params, deadline)
            session_id = result.get("session_id")
            if not isinstance(session_id, str):
                raise ProtocolError("the session has no id")
            self.session_id = session_id
            self._know_the_name(result.get("agent_name"))
        except BaseException:
            self._is_open = False
            self._transport.close()
            raise
        if deadline.cancelled.is_set():
            self.close()

    def _know_the_name(self, name: object) -> None:
        """Whose the token is, if the gateway says so."""
        if not isinstance(name, str):
            return
        if self.agent_name not in (None, name):
            raise AuthenticationError(
                f"the token is not {self.agent_name}'s but {name}'s"
            )
        self.agent_name = name

    def _end(self, deadline: Deadline) -> None:
        # Ended twice it has ended.
        params = {"session_id": self.session_id}
        self._ask("session.end", params, deadline, repeatable=True)

    def _invoke(
        self,
        name: str,
        arguments: Optional[Mapping[str, Any]],
        call_id: Optional[str],
        deadline: Deadline,
    ) -> Result:
        params = {
            "name": name,
            "arguments": dict(arguments or {}),
            **_given(session_id=self.session_id, call_id=call_id),
        }
        answer = self._ask(
            "capabilities.invoke",
            params,
            deadline,
            repeatable=call_id is not None or name in READ_ONLY,
        )
        result = answer.get("result")
        if not isinstance(result, dict):
            raise ProtocolError(f"{name}: the result is no object")
        made = Call(
            answer.get("call_id"),
            answer.get("seq"),
            answer.get("policy_tier"),
            answer.get("duration_ms"),
        )
        return Result(result, made)

    def _capabilities(self, deadline: Deadline) -> List[Capability]:
        answer = self._ask(
            "capabilities.list", {}, deadline, repeatable=True
        )
        listed = answer.get("capabilities")
        if not isinstance(listed, list):
            raise ProtocolError("the list of capabilities is none")
        return [_capability(one) for one in listed]

    def _describe(self, name: str, deadline: Deadline) -> Capability:
        return _capability(
            self._ask(
                "capabilities.describe",
                {"name": name},
                deadline,
                repeatable=True,
            )
        )

    def _until(self, timeout: Optional[float]) -> Deadline:
        if not self._is_open:
            raise KruxOSError("the session has ended")
        return Deadline(self._timeout if timeout is None else timeout)

    def _ask(
        self,
        method: str,
        params: Mapping[str, Any],
        deadline: Deadline,
        *,
        repeatable: bool = False,
    ) -> Mapping[str, Any]:
        """One method's result, asked for again where that is safe."""
        for attempt in itertools.count(1):
            try:
                return self._ask_once(method, params, deadline)
            except KruxOSError as error:
                delay = self._retry.delay(
                    error, attempt, repeatable=repeatable
                )
                if delay is None or not deadline.pause(delay):
                    raise
                _diag.debug(
                    "%s: again after %.1f s: %s", method, delay, error
                )
        raise AssertionError("a count has no end")

    def _ask_once(
        self, method: str, params: Mapping[str, Any], deadline: Deadline
    ) -> Mapping[str, Any]:
        number = next(self._numbers)
        text = request_text(method, params, number)
        status, retry_after, body = self._transport.post(text, deadline)
        return read_answer(status, retry_after, body, number)

    async def _in_thread(
        self, deadline: Deadline, work: Callable[[Deadline], _Value]
    ) -> _Value:
        """Cancelled, it tells the thread, which cannot be."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._pool(), work, deadline
            )
        except asyncio.CancelledError:
            deadline.cancelled.set()
            raise

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(THREADS, "kruxos")
            return self._threads


def _given(**values: Optional[str]) -> Dict[str, str]:
    return {name: one for name, one in values.items() if one is not None}


def _capability(described: object) -> Capability:
    if not isinstance(described, dict) or "name" not in described:
        raise ProtocolError("a capability has no name")
    known = {
        name: described[name]
        for name in ("name", "description", "policy_tier", "input_schema")
        if name in described
    }
    return Capability(**known)
