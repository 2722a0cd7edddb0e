"""Every error a caller can be told, each with a stable code.

NsredisError
    InvalidField           invalid-field        a field breaks a rule; names the field
    NotFound               not-found
        BrokerNotFound     broker-not-found     register (again)
        TopicNotFound      topic-not-found      with the reason why there is no route
    Conflict               conflict
        StaleEpoch         stale-epoch          an older incarnation speaks
        StaleState         stale-state          another address holds the id under a newer stateVersion
        AddressFrozen      address-frozen       two addresses fight for one id
        NameOwned          name-owned           a live broker of another cluster holds the brokerName
        NotTableOwner      not-table-owner      only the master, or the lowest id without one, writes the table
    PreconditionFailed     precondition-failed  If-Match does not match
    HistoryTrimmed         history-trimmed      the changes asked for are no longer kept
    Unavailable            unavailable          try again later; nothing is known to have changed
        NotReady           not-ready            this node holds no complete view yet
        Draining           draining             this node is going away
        StoreUnavailable   store-unavailable    Redis does not answer
        OutcomeUnknown     outcome-unknown      the write may or may not have happened
        NotReplicated      not-replicated       the write happened, but too few replicas of the store have it
        TooFarBehind       too-far-behind       the view did not reach the revision asked for in time
"""

from typing import ClassVar


class NsredisError(Exception):
    """Base of all errors that are told to callers; `code` is stable and part of the API."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidField(NsredisError):
    """A field breaks a rule. `field` is a path such as `topics.TopicA.perm`."""

    code = "invalid-field"

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class NotFound(NsredisError):
    """There is no such thing."""

    code = "not-found"


class BrokerNotFound(NotFound):
    """No such broker is registered; it should register (again)."""

    code = "broker-not-found"


class TopicNotFound(NotFound):
    """The topic has no route. `reason` is a slug: see `nsredis.core.routes.Absence`."""

    code = "topic-not-found"

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"no route for topic {topic}: {reason}")
        self.topic = topic
        self.reason = reason


class Conflict(NsredisError):
    """The request contradicts the registered state."""

    code = "conflict"


class StaleEpoch(Conflict):
    """The epoch given is not the broker's present one."""

    code = "stale-epoch"


class StaleState(Conflict):
    """A live broker at another address holds this id under a higher stateVersion."""

    code = "stale-state"


class AddressFrozen(Conflict):
    """Two addresses kept taking the id from each other; the present holder keeps it for now."""

    code = "address-frozen"


class NameOwned(Conflict):
    """A live broker of another cluster holds this brokerName."""

    code = "name-owned"


class NotTableOwner(Conflict):
    """This broker does not write its group's topic table."""

    code = "not-table-owner"


class PreconditionFailed(NsredisError):
    """The caller's If-Match names another state than the present one."""

    code = "precondition-failed"


class HistoryTrimmed(NsredisError):
    """The changes asked for are older than what is kept."""

    code = "history-trimmed"


class Unavailable(NsredisError):
    """Cannot be answered now; `retry_after_s` says when to ask again."""

    code = "unavailable"
    retry_after_s: ClassVar[int] = 1


class NotReady(Unavailable):
    """This node holds no complete view yet."""

    code = "not-ready"


class Draining(Unavailable):
    """This node is going away; ask another."""

    code = "draining"


class StoreUnavailable(Unavailable):
    """Redis does not answer; nothing was changed."""

    code = "store-unavailable"


class OutcomeUnknown(Unavailable):
    """Redis did not answer in time; the write may or may not have happened."""

    code = "outcome-unknown"


class NotReplicated(Unavailable):
    """The write happened and every node shows it, but fewer `replicas` than demanded have it: a failover may lose it.

    Asking the same again waits again.
    """

    code = "not-replicated"

    def __init__(self, detail: str, replicas: int = 0) -> None:
        super().__init__(detail)
        self.replicas = replicas


class TooFarBehind(Unavailable):
    """The view did not reach the revision asked for in time."""

    code = "too-far-behind"
