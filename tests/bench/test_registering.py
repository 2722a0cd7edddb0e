"""Loads of registrations on a real node, and what is asked after them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nsredis.bench import proof
from nsredis.bench.brokers import VERSION, registration, spread
from nsredis.bench.failures import LoadFailed
from nsredis.bench.peers.ours import OurNode, our_nodes
from nsredis.bench.registering import numbers_of, one_changed, unchanged
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.run import Options, new_session
from nsredis.bench.session import Session
from nsredis.core.brokers import DataVersion

BROKERS = spread(2, 10, word="telling")
TOPICS = list(BROKERS[0].topics)
COUNT = 5


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with new_session(Options(rounds=2, seconds=0.05, quiet_s=0.0), lambda _: None) as made:
        yield made


@pytest.fixture
def node(session: Session) -> Iterator[OurNode]:
    with our_nodes(session.folder, session.cores) as (started,):
        yield started


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "PATIENCE_S", 0.1)


def test_changes_are_sent_once_and_the_last_one_is_kept(session: Session, node: OurNode) -> None:
    plan, kept = one_changed(BROKERS, TOPICS, TOPICS[3], COUNT)
    (found,) = take_turns(session, "quick", "x", [Subject(node, plan, proof=kept)], Shape(len(BROKERS)))
    assert found.problem == ""
    kept(node.port, 1)
    with pytest.raises(LoadFailed, match="the last registration of telling-000 has not arrived"):
        kept(node.port, 2)


def test_no_round_sends_what_another_one_sent() -> None:
    plan, _ = one_changed(BROKERS, TOPICS, TOPICS[3], COUNT)
    sent = [request.content for number in range(-1, 3) for lane in plan(number).lanes for request in lane]
    assert len(sent) == len(set(sent)) == 4 * len(BROKERS) * COUNT
    assert [one for number in range(-1, 3) for one in numbers_of(number, COUNT)] == list(range(4 * COUNT))


def test_what_is_registered_again_and_again_is_asked_for(session: Session, node: OurNode) -> None:
    plan, kept = unchanged(BROKERS, registration)
    (found,) = take_turns(session, "quick", "x", [Subject(node, plan, proof=kept)], Shape(len(BROKERS)))
    assert found.problem == ""
    later = [replace(broker, version=DataVersion(0, VERSION.timestamp, 2)) for broker in BROKERS]
    other = Subject(node, plan, proof=unchanged(later, registration)[1])
    (found,) = take_turns(session, "quick", "x", [other], Shape(len(BROKERS)))
    assert "the last registration of telling-000 has not arrived" in found.problem
