import pytest
from redis.exceptions import NoPermissionError

from nsredis.core.errors import StoreUnavailable
from nsredis.registry.refusals import Refusals


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
