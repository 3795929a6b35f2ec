"""Until when a call may take, its repetitions included."""

from __future__ import annotations

import math
import threading
import time

from .errors import CallTimeoutError


class Deadline:
    """A moment of the monotonic clock, and whether anybody waits still.

    `cancelled` is set when who asked has gone: nothing is begun then.
    """

    def __init__(self, seconds: float) -> None:
        if not (math.isfinite(seconds) and seconds > 0):
            raise ValueError("timeout: a number of seconds above 0")
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self.cancelled = threading.Event()

    def left(self) -> float:
        """Seconds until then; not above 0 when it has passed."""
        return self._end - time.monotonic()

    def left_or_raise(self, *, sent: bool) -> float:
        left = self.left()
        if left <= 0:
            raise self.passed(sent=sent)
        return left

    def passed(self, *, sent: bool) -> CallTimeoutError:
        """The error that says so."""
        return CallTimeoutError(
            f"no answer within {self._seconds:g} s", sent=sent
        )

    def pause(self, seconds: float) -> bool:
        """Wait so long; False when it would be too late, or nobody waits."""
        return seconds < self.left() and not self.cancelled.wait(seconds)
