"""The agent's client of KruxOS.

    from kruxos import KruxOS

    with KruxOS.connect(agent_name="writer", api_key=key) as os:
        print(os.call("system.metrics", category="system").cpu_percent)

What an agent does through it is recorded before it is answered, and the
gateway's policy decides whether it is done at all. README.md has examples.
"""

from .client import Capability, KruxOS
from .errors import (
    ApprovalRequiredError,
    AuthenticationError,
    CallTimeoutError,
    DeniedError,
    InvalidArgumentsError,
    KruxOSError,
    NotFoundError,
    ProtocolError,
    RateLimitError,
    ServerError,
    UnavailableError,
)
from .result import Call, Fields, Result
from .retry import Retry
from .version import __version__

__all__ = [
    "ApprovalRequiredError",
    "AuthenticationError",
    "Call",
    "CallTimeoutError",
    "Capability",
    "DeniedError",
    "Fields",
    "InvalidArgumentsError",
    "KruxOS",
    "KruxOSError",
    "NotFoundError",
    "ProtocolError",
    "RateLimitError",
    "Result",
    "Retry",
    "ServerError",
    "UnavailableError",
    "__version__",
]
