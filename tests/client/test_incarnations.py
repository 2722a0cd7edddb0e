import pytest

from nsredis.client.incarnations import new_instance, superseded
from nsredis.wire.api_types import BrokerInfo


def test_instances_differ_and_fit() -> None:
    one, two = new_instance(), new_instance()
    assert one != two
    assert 0 < len(one) <= 255


@pytest.mark.parametrize(
    ("state", "instance", "epoch", "expected"),
    [
        ("online", "other", 11, True),
        ("suspect", "other", 11, True),
        ("offline", "other", 11, False),
        ("online", "ours", 11, False),
        ("online", "other", 9, False),
    ],
)
def test_only_a_living_newer_registration_of_another_process_supersedes(
    state: str, instance: str, epoch: int, *, expected: bool
) -> None:
    holder = BrokerInfo("c", "a", 0, state, "h:1", epoch, 1, instance=instance)  # type: ignore[arg-type]
    assert superseded(holder, instance="ours", epoch=10) is expected
