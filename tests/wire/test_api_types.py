import inspect

import msgspec
import pytest

from nsredis.core.queues import QueueData
from nsredis.wire import api_types
from nsredis.wire.api_types import BrokerInfo, QueueDataBody, RegisterBody, TopicsAnswer

TYPES = [kind for _, kind in inspect.getmembers(api_types, inspect.isclass) if issubclass(kind, msgspec.Struct)]
BODIES = [kind for kind in TYPES if kind.__struct_config__.forbid_unknown_fields]


def test_a_body_that_a_client_sends_may_have_no_field_that_we_do_not_know() -> None:
    assert RegisterBody in BODIES
    with pytest.raises(msgspec.ValidationError, match="unknown field `adress`"):
        msgspec.json.decode(b'{"address": "a:1", "adress": "a:1"}', type=RegisterBody)


def test_an_answer_of_a_later_release_is_read() -> None:
    read = msgspec.json.decode(b'{"items": ["T"], "next": null, "later": 1}', type=TopicsAnswer)
    assert read == TopicsAnswer(["T"])


def test_names_are_in_camel_case_as_in_rocketmq() -> None:
    names = {field.encode_name for kind in TYPES for field in msgspec.structs.fields(kind)}
    assert {"readQueueNums", "brokerAddrs", "enableActingMaster", "leaseMs"} <= names
    assert not [name for name in names if "_" in name]


def test_queue_data_has_the_defaults_of_the_core() -> None:
    body = msgspec.json.decode(b"{}", type=QueueDataBody)
    assert QueueData() == (body.read_queue_nums, body.write_queue_nums, body.perm, body.topic_sys_flag)


def test_what_is_not_there_is_not_sent() -> None:
    broker = BrokerInfo("c", "a", 0, "online", "a:1", 1, 2)
    assert set(msgspec.to_builtins(broker)) == {
        *("cluster", "brokerName", "brokerId", "state", "address", "epoch", "revision")
    }
    assert msgspec.to_builtins(TopicsAnswer([])) == {"items": [], "next": None}


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_says_what_it_is(kind: type[msgspec.Struct]) -> None:
    assert kind.__doc__
    assert msgspec.json.schema(kind)
