"""What is asked after writes, of a real node."""

from collections.abc import Iterator

import pytest

from nsredis.bench import proof
from nsredis.bench.brokers import VERSION, Registered, spread
from nsredis.bench.failures import LoadFailed
from nsredis.bench.heartbeats import batch_request
from nsredis.bench.peers.ours import OurNode, our_nodes
from nsredis.bench.proof import Last, prove_gone, prove_kept
from nsredis.bench.run import Options, new_session
from nsredis.wire.api_types import HeartbeatItem

BROKERS = spread(2, 3, word="kept")
NAMES = [broker.name for broker in BROKERS]


@pytest.fixture(scope="module")
def node() -> Iterator[OurNode]:
    """With two brokers."""
    with (
        new_session(Options(quiet_s=0.0), lambda _: None) as session,
        our_nodes(session.folder, session.cores) as (started,),
    ):
        registered = Registered.at(started.port, BROKERS)
        yield started
        registered.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "PATIENCE_S", 0.1)


def test_what_was_registered_last_is_there(node: OurNode) -> None:
    last = [Last.same_queues(broker, {VERSION.counter, 77}) for broker in BROKERS]
    prove_kept(node.port, last)


def test_another_version_has_not_arrived(node: OurNode) -> None:
    with pytest.raises(LoadFailed, match="the last registration of kept-000 has not arrived"):
        prove_kept(node.port, [Last.same_queues(BROKERS[0], {77})])


def test_a_route_must_show_the_queues_of_the_version(node: OurNode) -> None:
    with pytest.raises(LoadFailed, match="does not show 9 queues of kept-000"):
        prove_kept(node.port, [Last(BROKERS[0], "kept-topic-000000", {VERSION.counter: 9})])


def test_only_the_last_of_those_that_leave_may_still_be_there(node: OurNode) -> None:
    prove_gone(node.port, [[NAMES[0], "never-there"], [NAMES[1]]])
    with pytest.raises(LoadFailed, match="1 brokers are still there that have left"):
        prove_gone(node.port, [NAMES])


def test_a_batch_in_which_a_heartbeat_is_refused_is_not_measured(node: OurNode) -> None:
    known = [HeartbeatItem(broker.cluster, broker.name, 0) for broker in BROKERS]
    assert (batch_request(node, known).body or b"").count(b"204") == 2
    with pytest.raises(LoadFailed, match="not every heartbeat of a batch is taken"):
        batch_request(node, [*known, HeartbeatItem("DefaultCluster", "unknown", 0)])
