"""What the store refuses to a loop that goes on all the same: said once, and once more when it works again."""

import logging

from redis.exceptions import ResponseError

log = logging.getLogger(__name__)


class Refusals:
    """Of one loop. That the store does not answer at all is told by others."""

    def __init__(self, cost: str) -> None:
        """`cost`: what does not happen while the store refuses it."""
        self._cost = cost
        self._told = False

    def failed(self, error: Exception) -> None:
        """The loop's last try ended so."""
        refused = error if isinstance(error, ResponseError) else error.__cause__
        if not self._told and isinstance(refused, ResponseError):
            self._told = True
            log.warning("the store refuses what is needed: %s; %s", self._cost, refused)

    def works(self) -> None:
        """The loop's last try did not fail."""
        if self._told:
            self._told = False
            log.warning("the store no longer refuses what is needed: it is over that %s", self._cost)
