import dataclasses

import pytest

from nsredis.core.node_info import NodeInfo


def test_it_is_a_value() -> None:
    one = NodeInfo("n1", "h:1", "h:2", ready=True, revision=5, tag="t", lag_ms=0, version="1", started_at_ms=9)
    assert one == dataclasses.replace(one)
    assert one != dataclasses.replace(one, ready=False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.ready = False  # type: ignore[misc]
