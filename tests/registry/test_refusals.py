import pytest
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError, ResponseError

from nsredis.core.errors import StoreUnavailable
from nsredis.registry import refusals as module
from nsredis.registry.refusals import Refusals


@pytest.fixture(autouse=True)
def _no_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALM_S", 0.0)


def _refused(words: str) -> StoreUnavailable:
    error = StoreUnavailable("the store refused")
    error.__cause__ = NoPermissionError(words)
    return error


def test_the_first_of_a_row_is_told_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals("nothing is swept")
    refusals.works()
    refusals.failed(StoreUnavailable("the store does not answer"))
    assert caplog.messages == []
    refusals.failed(_refused("no right to run 'zadd'"))
    refusals.failed(NoPermissionError("no right to run 'hset'"))
    refusals.failed(StoreUnavailable("the store does not answer"))
    assert caplog.messages == ["the store refuses what is needed: nothing is swept; no right to run 'zadd'"]
    caplog.clear()
    refusals.works()
    refusals.works()
    assert caplog.messages == ["the store no longer refuses what is needed: it is over that nothing is swept"]
    refusals.failed(_refused("no right to run 'zadd'"))
    assert len(caplog.messages) == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OutOfMemoryError("not allowed"), "OOM not allowed"),
        (ResponseError("MISCONF cannot persist"), "MISCONF cannot persist"),
        (ResponseError("NOREPLICAS too few"), "NOREPLICAS too few"),
    ],
)
def test_that_no_write_is_taken_is_told_by_one_loop(
    error: ResponseError, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    Refusals("nodes do not hear of each other").failed(error)
    assert caplog.messages == []
    refusals = Refusals("nothing is swept", of_writes=True)
    refusals.failed(error)
    refusals.failed(error)
    refusals.works()
    assert caplog.messages == [f"the store takes no writes: {words}", "the store takes writes again"]


def test_a_server_that_is_no_primary_is_told_by_others(caplog: pytest.LogCaptureFixture) -> None:
    Refusals("nothing is swept", of_writes=True).failed(ReadOnlyError("a replica"))
    assert caplog.messages == []


def test_what_fails_now_and_then_is_not_over(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "CALM_S", 60.0)
    refusals = Refusals("nothing is swept", of_writes=True)
    for _ in range(3):
        refusals.failed(OutOfMemoryError("not allowed"))
        refusals.works()
    assert len(caplog.messages) == 1
