"""The bodies of the API: what is taken, what is refused, and how both look as JSON."""

import msgspec
import pytest

from nsredis.core.leases import DEFAULT_LEASE_MS
from nsredis.wire import api_types
from nsredis.wire.api_types import (
    MAX_BEATS,
    BrokerInfo,
    HeartbeatOutcome,
    HeartbeatsBody,
    OverrideBody,
    QueueDataBody,
    RegisterBody,
    RegisteredAnswer,
    RouteAnswer,
)
from nsredis.wire.node_types import NodesAnswer

STRUCTS = [kind for kind in vars(api_types).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
TYPES = [kind for kind in STRUCTS if kind.__module__ == api_types.__name__ and not kind.__name__.startswith("_")]
BODIES = [kind for kind in TYPES if kind.__struct_config__.forbid_unknown_fields]


def test_only_an_address_is_required_to_register() -> None:
    body = msgspec.json.decode(b'{"address":"10.0.0.1:1"}', type=RegisterBody)
    assert (body.lease_ms, body.topics, body.epoch, body.instance) == (DEFAULT_LEASE_MS, None, None, "")
    with pytest.raises(msgspec.ValidationError, match="address"):
        msgspec.json.decode(b"{}", type=RegisterBody)


def test_a_topic_without_numbers_has_those_of_rocketmq() -> None:
    queues = msgspec.json.decode(b"{}", type=QueueDataBody)
    assert (queues.read_queue_nums, queues.write_queue_nums, queues.perm, queues.topic_sys_flag) == (8, 8, 6, 0)


@pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.__name__)
def test_a_field_that_is_not_known_is_refused_in_what_comes_in(kind: type[msgspec.Struct]) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `leaseMS`"):
        msgspec.json.decode(b'{"leaseMS":1}', type=kind)


@pytest.mark.parametrize("kind", [RegisteredAnswer, RouteAnswer, NodesAnswer])
def test_a_field_of_a_later_release_is_overlooked_in_what_we_read(kind: type[msgspec.Struct]) -> None:
    required = {field.encode_name: field for field in msgspec.structs.fields(kind) if field.required}
    empty: dict[object, object] = {str: "", int: 0}
    content = {name: empty.get(field.type, {} if "dict" in str(field.type) else []) for name, field in required.items()}
    msgspec.convert({**content, "fromTheFuture": 1}, kind)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_every_type_is_described_and_has_camel_case_names(kind: type[msgspec.Struct]) -> None:
    assert kind.__doc__
    for name in kind.__struct_encode_fields__:
        assert name[0].islower()
        assert "_" not in name


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (RegisterBody, {"address": "h:1", "leaseMs": 999}),
        (RegisterBody, {"address": "h:1", "leaseMs": 3_600_001}),
        (RegisterBody, {"address": "h:1", "leaseMs": "15000"}),
        (RegisterBody, {"address": "h:1", "epoch": -1}),
        (RegisterBody, {"address": "h:1", "epoch": 2**63}),
        (RegisterBody, {"address": "h:1", "instance": "x" * 256}),
        (RegisterBody, {"address": "h:1", "topics": {"T": {"perm": 16}}}),
        (RegisterBody, {"address": "h:1", "topics": []}),
        (QueueDataBody, {"readQueueNums": -1}),
        (QueueDataBody, {"topicSysFlag": 2**31}),
        (OverrideBody, {"perm": 8}),
        (OverrideBody, {"perm": 4, "expiresInMs": 0}),
        (HeartbeatsBody, {"brokers": [{"cluster": "", "brokerName": "b", "brokerId": 0}]}),
        (HeartbeatsBody, {"brokers": [{"cluster": "c", "brokerName": "b", "brokerId": 0}] * (MAX_BEATS + 1)}),
    ],
)
def test_what_breaks_a_bound_is_refused(kind: type[msgspec.Struct], content: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(content, kind)


def test_what_an_answer_does_not_have_is_left_out_but_the_end_of_a_list_is_told() -> None:
    online = BrokerInfo(
        cluster="c", broker_name="b", broker_id=0, state="online", address="h:1", epoch=5, revision=2, lease_ms=1000
    )
    assert msgspec.to_builtins(online) == {
        "cluster": "c",
        "brokerName": "b",
        "brokerId": 0,
        "state": "online",
        "address": "h:1",
        "epoch": 5,
        "revision": 2,
        "leaseMs": 1000,
    }
    assert msgspec.to_builtins(HeartbeatOutcome(204)) == {"status": 204}
    assert msgspec.to_builtins(NodesAnswer([])) == {"items": [], "next": None, "lost": []}
