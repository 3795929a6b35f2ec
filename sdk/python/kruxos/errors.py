"""What can go wrong, by what somebody would do about it.

The gateway's JSON-RPC codes are told apart by one table, at the end. No error
carries the token.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Mapping, Optional


class KruxOSError(Exception):
    """Whatever this package raises.

    code: the JSON-RPC code, if the gateway said one.
    data: what it added, {} without it.
    """

    def __init__(
        self,
        message: str,
        *,
        code: Optional[int] = None,
        data: Optional[Mapping[str, Any]] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.data: Mapping[str, Any] = {} if data is None else data


class AuthenticationError(KruxOSError):
    """The token is unknown or revoked, or is another agent's."""


class DeniedError(KruxOSError):
    """The policy, or a person, refused the call. It was not done."""

    @property
    def reason(self) -> str:
        return _text_or_none(self.data.get("reason")) or self.message


class ApprovalRequiredError(KruxOSError):
    """A person has to accept the call first; the same call is made again then.

    approval_id: what `approvals.status` is asked about; the call_id, too, of
    the request, of the decision and of the call that runs.
    """

    @property
    def approval_id(self) -> str:
        return _text_or_none(self.data.get("approval_id")) or ""


class RateLimitError(KruxOSError):
    """Too many calls. This one was not done.

    retry_after: seconds after which one will be let through, if known.
    """

    @property
    def retry_after(self) -> Optional[float]:
        wait = self.data.get("retry_after")
        if isinstance(wait, bool) or not isinstance(wait, (int, float)):
            return None
        return float(wait) if math.isfinite(wait) and wait >= 0 else None


class InvalidArgumentsError(KruxOSError):
    """There is no such capability, or the arguments are not its own, or are
    too large."""


class NotFoundError(KruxOSError):
    """There is no such method: the gateway is older, or no gateway."""


class UnavailableError(KruxOSError):
    """The gateway cannot be reached, or did not answer.

    sent: whether the request may have reached it, so that the call may have
    been done all the same.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class CallTimeoutError(UnavailableError, TimeoutError):
    """There was no answer in time; the call may have been done (`sent`)."""


class ServerError(KruxOSError):
    """The gateway failed at the call, or could not record it."""


class ProtocolError(KruxOSError):
    """What answered does not speak as the gateway does."""


def _text_or_none(value: object) -> Optional[str]:
    return value if isinstance(value, str) else None


_BY_CODE: Mapping[int, Callable[..., KruxOSError]] = {
    -32700: ProtocolError,
    -32600: ProtocolError,
    -32601: NotFoundError,
    -32602: InvalidArgumentsError,
    -32603: ServerError,
    -32000: RateLimitError,
    -32001: DeniedError,
    -32002: ApprovalRequiredError,
    -32003: AuthenticationError,
}


def error_of_code(
    code: int, message: str, data: Mapping[str, Any]
) -> KruxOSError:
    """The error for what JSON-RPC calls an error; codes may be added to it."""
    return _BY_CODE.get(code, KruxOSError)(message, code=code, data=data)
