"""What the store refuses to a loop that goes on all the same: said once, and once more when it works again."""

import logging
import time
from typing import Final

from redis.exceptions import AskError, OutOfMemoryError, ReadOnlyError, ResponseError

log = logging.getLogger(__name__)

CALM_S: Final = 2.0
"""It works again when nothing was refused for so long: at the edge of the memory every other try succeeds."""


class Refusals:
    """Of one loop. That the store does not answer, or is not the primary, is told by others."""

    def __init__(self, cost: str, *, of_writes: bool = False) -> None:
        """`cost`: what does not happen while the store refuses it. `of_writes`: this is the loop, one of many that
        write, that tells when no write at all is taken.
        """
        self._cost = cost
        self._of_writes = of_writes
        self._failed_at = 0.0
        self._when_over = ""

    def failed(self, error: Exception) -> None:
        """The loop's last try ended so."""
        self._failed_at = time.monotonic()
        refused = error if isinstance(error, ResponseError) else error.__cause__
        if self._when_over or not isinstance(refused, ResponseError) or isinstance(refused, ReadOnlyError | AskError):
            return
        if not takes_no_writes(refused):
            self._when_over = f"the store no longer refuses what is needed: it is over that {self._cost}"
            log.warning("the store refuses what is needed: %s; %s", self._cost, refused)
        elif self._of_writes:
            self._when_over = "the store takes writes again"
            code = "OOM " if isinstance(refused, OutOfMemoryError) else ""  # which the client library takes off
            log.warning("the store takes no writes: %s%s", code, refused)

    def works(self) -> None:
        """The loop's last try did not fail."""
        if self._when_over and time.monotonic() - self._failed_at >= CALM_S:
            log.warning("%s", self._when_over)
            self._when_over = ""


def takes_no_writes(error: ResponseError) -> bool:
    """Whether this refusal has nothing to do with who asks for what: no memory, no disk, too few replicas."""
    return isinstance(error, OutOfMemoryError) or str(error).startswith(("MISCONF ", "NOREPLICAS "))
