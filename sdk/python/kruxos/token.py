"""An agent's token: sent to the gateway, and shown nowhere."""

from __future__ import annotations

import re

# RFC 6750, section 2.1: b64token.
_FORM = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class Token:
    """Knows how to be sent, and to be taken out of what others say."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        # What is wrong with it is not said by showing it.
        if not isinstance(text, str) or not _FORM.fullmatch(text):
            raise ValueError(
                "api_key is no token: letters, digits and ._~+/- alone, "
                "no space and no new line"
            )
        self._text = text

    def header(self) -> str:
        """The value of Authorization."""
        return f"Bearer {self._text}"

    def hidden_in(self, text: bytes) -> bytes:
        """The text without it."""
        return text.replace(self._text.encode(), b"[REDACTED]")

    def __repr__(self) -> str:
        return "Token([REDACTED])"

    def __reduce__(self) -> str:
        raise TypeError("a token is not written down")
