"""What an answer says about whether a request was done. Unknown is not no."""

from typing import Final

from tests.histories.lines import Outcome

READS: Final = frozenset({"route", "routes", "topics", "clusters", "brokers", "kv-get", "kv-read", "watch"})

MAYBE_DONE: Final = frozenset({"outcome-unknown", "not-replicated"})
"""Codes after which a write may have happened, or has."""

REPEATED: Final = frozenset({"register", "beat", "leave", "override", "lift"})
"""Writes that a node may send to the store again: when the store does not answer then, one of them may have arrived."""


def http_outcome(verb: str, status: int, code: str) -> Outcome:
    """The outcome of an HTTP answer; `code` is the problem's, if it is one."""
    if verb in READS:
        return "ok" if status in (200, 304, 404) else "refused"
    if 200 <= status < 300:
        return "ok"
    if status == 503 and (code in MAYBE_DONE or (code == "store-unavailable" and verb in REPEATED)):
        return "unknown"
    return "refused"


def remoting_outcome(verb: str, code: int) -> Outcome:
    """The outcome of an answer of the remoting protocol, which tells less: 17 is "there is no such topic"."""
    if code == 0 or (code == 17 and verb in READS):
        return "ok"
    return "refused" if verb in READS else "unknown"
