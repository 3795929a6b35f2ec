"""What may be said again, and how long after.

A call is repeated where it cannot be done twice: nothing of it had been sent;
it was refused for the rate (it was not done then); or it only reads, or has a
call_id of the caller's, which says that it is the same call again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Optional

from .errors import (
    KruxOSError,
    RateLimitError,
    ServerError,
    UnavailableError,
)

#: The capabilities that change nothing.
READ_ONLY = frozenset(
    {
        "alerts.list",
        "approvals.status",
        "audit.query",
        "system.health",
        "system.info",
        "system.metrics",
    }
)


@dataclass(frozen=True)
class Retry:
    """How patient a client is; `attempts=1` never repeats.

    attempts: how often something is said at most, the first time included.
    first_delay: seconds before it is said again; twice as many each time.
    longest_delay: but never more than these.
    longest_rate_limit: a rate limit that lasts longer is an error at once.
    """

    attempts: int = 4
    first_delay: float = 0.2
    longest_delay: float = 5.0
    longest_rate_limit: float = 30.0

    def delay(
        self, error: KruxOSError, attempt: int, *, repeatable: bool
    ) -> Optional[float]:
        """Seconds after which to say it again behind the attempt (from 1) that
        ended so; None: do not.
        """
        if attempt >= self.attempts:
            return None
        if isinstance(error, RateLimitError):
            return self._rate_limit_delay(error, attempt)
        was_never_sent = isinstance(error, UnavailableError) and not error.sent
        is_passing = isinstance(error, (UnavailableError, ServerError))
        if was_never_sent or (is_passing and repeatable):
            return self._back_off(attempt)
        return None

    def _rate_limit_delay(
        self, error: RateLimitError, attempt: int
    ) -> Optional[float]:
        wait = error.retry_after
        if wait is None:
            return self._back_off(attempt)
        if wait > self.longest_rate_limit:
            return None
        # Many that were refused together do not come back together.
        return wait + random.uniform(0, 0.1 * wait)

    def _back_off(self, attempt: int) -> float:
        # Above 2^30 any delay is the longest.
        delay = self.first_delay * 2.0 ** min(attempt - 1, 30)
        return min(delay, self.longest_delay) * random.uniform(0.5, 1)
