"""JSON-RPC 2.0 as the gateway speaks it: pure functions of bytes."""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional

from .errors import (
    AuthenticationError,
    InvalidArgumentsError,
    KruxOSError,
    ProtocolError,
    RateLimitError,
    UnavailableError,
    error_of_code,
)


def request_text(
    method: str, params: Mapping[str, Any], number: int
) -> bytes:
    """A request's bytes. Raises InvalidArgumentsError for what is no JSON."""
    request = {
        "jsonrpc": "2.0",
        "id": number,
        "method": method,
        "params": params,
    }
    try:
        text = json.dumps(request, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentsError(f"no JSON: {error}") from None
    return text.encode()


def read_answer(
    status: int, retry_after: Optional[str], body: bytes, number: int
) -> Mapping[str, Any]:
    """The result of an answer to the request of this number.

    Raises the error that the answer is. Errors of JSON-RPC count whatever the
    HTTP status is; without one the status does.
    """
    answer = _read_object(body)
    error = answer.get("error")
    if isinstance(error, dict):
        raise _error_of(error)
    if status != 200:
        raise _error_of_status(status, retry_after, answer)
    if answer.get("id") != number or answer.get("jsonrpc") != "2.0":
        raise ProtocolError("the answer is not one to this request")
    result = answer.get("result")
    if not isinstance(result, dict):
        raise ProtocolError("the answer has no result")
    return result


def _read_object(body: bytes) -> Mapping[str, Any]:
    """{} for what is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _error_of(error: Mapping[str, Any]) -> KruxOSError:
    code, message = error.get("code"), error.get("message")
    data = error.get("data")
    if not isinstance(code, int) or not isinstance(message, str):
        return ProtocolError("the answer is an error that says nothing")
    return error_of_code(code, message, data if isinstance(data, dict) else {})


def _error_of_status(
    status: int, retry_after: Optional[str], problem: Mapping[str, Any]
) -> KruxOSError:
    """nginx, or what stands before it, speaks: by problem+json at the best."""
    detail = problem.get("detail", problem.get("title"))
    said = f"HTTP {status}" + (f": {detail}" if detail else "")
    if status == 401:
        return AuthenticationError(said)
    if status == 413:
        return InvalidArgumentsError(said)
    if status == 429:
        wait = retry_after or ""
        # The other form of it is a date (RFC 9110), which nginx never says.
        data = {"retry_after": int(wait)} if wait.isdecimal() else {}
        return RateLimitError(said, data=data)
    if status in (502, 503, 504):
        return UnavailableError(said, sent=True)
    return ProtocolError(said)
