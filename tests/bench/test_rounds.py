"""What becomes of a server that answers wrongly."""

from collections.abc import Iterator

import pytest

from nsredis.bench.failures import LoadFailed
from nsredis.bench.load.plan import Plan, Protocol, Request
from nsredis.bench.peers.echo import EchoServer
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.run import Options, new_session
from nsredis.bench.session import Session

QUERY = b"x" * 20


@pytest.fixture
def session() -> Iterator[Session]:
    with new_session(Options(rounds=2, seconds=0.05, quiet_s=0.0), lambda _: None) as made:
        yield made


@pytest.fixture
def echo(session: Session) -> Iterator[EchoServer]:
    """Answers `right` to everything."""
    with EchoServer(session.folder, session.cores.server, QUERY, b"right") as server:
        yield server


def _measured(session: Session, echo: EchoServer, *, forgiven: bool, right: int) -> Measurement:
    echo.forgiven = forgiven
    lane = [Request(QUERY, b"wrong"), *[Request(QUERY, b"right")] * right]
    (measurement,) = take_turns(session, "routes", "x", [Subject(echo, Plan(Protocol.FIXED, [lane]))], Shape(1))
    return measurement


def test_a_few_wrong_answers_of_a_peer_are_told_beside_its_figures(session: Session, echo: EchoServer) -> None:
    found = _measured(session, echo, forgiven=True, right=39)
    assert found.problem == ""
    assert found.first_wrong.startswith("content: ")
    assert all(0 < share < 0.05 for share in found.metrics["wrong_share"])
    assert len(found.metrics["rate"]) == 2


def test_a_peer_that_answers_wrongly_too_often_is_left_out(session: Session, echo: EchoServer) -> None:
    found = _measured(session, echo, forgiven=True, right=9)
    assert " % of its answers are wrong, the first: content" in found.problem
    assert found.metrics == {}


def test_one_wrong_answer_of_ours_is_a_failure(session: Session, echo: EchoServer) -> None:
    found = _measured(session, echo, forgiven=False, right=39)
    assert "answers are wrong, the first: content" in found.problem
    assert found.metrics == {}


def test_a_rate_that_is_not_reached_is_told_as_it_was_with_all_its_waiting(session: Session, echo: EchoServer) -> None:
    plan = Plan(Protocol.FIXED, [[Request(QUERY, b"right")]])
    (found,) = take_turns(session, "routes", "x", [Subject(echo, plan)], Shape(1, rate=200_000))
    assert found.problem == ""
    assert 0 < max(found.metrics["rate"]) < 150_000, "one connection with one request at a time"
    assert min(found.metrics["p50_us"]) > 5_000


def test_what_was_not_kept_ends_a_measurement(session: Session, echo: EchoServer) -> None:
    asked: list[tuple[int, int]] = []

    def proof(port: int, number: int) -> None:
        asked.append((port, number))
        if number == 1:
            raise LoadFailed("it was forgotten")

    echo.forgiven = True
    plan = Plan(Protocol.FIXED, [[Request(QUERY, b"right")]])
    (found,) = take_turns(session, "routes", "x", [Subject(echo, plan, proof=proof)], Shape(1))
    assert asked == [(echo.port, 0), (echo.port, 1)]
    assert found.problem == "it was forgotten"
