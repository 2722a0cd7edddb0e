"""A State with a row of every kind."""

from nsredis.core.brake import Brake
from nsredis.core.brokers import Broker, BrokerKey, DataVersion, Group, OfflineBroker, Override
from nsredis.core.changes import Change
from nsredis.core.kv import KvEntry
from nsredis.core.queues import QueueData
from nsredis.registry.tables import Table
from nsredis.view.state import State
from nsredis.view.table_change import compare

FIELDS = ("brokers", "held", "suspects", "brakes", "offline", "groups", "tables", "kv", "settings", "settings_row")


async def full_state(topics: int = 5, groups: int = 1) -> State:
    """`groups` groups with `topics` topics each, and one row of everything else."""
    state = State(77, "tag77")
    for number in range(groups):
        name = f"broker {number}"
        table = Table(70, {f"T{i}": QueueData(i % 7 + 1, 8, 6, 0) for i in range(topics)}, {"Gone": "0/1/2"}, "body:x")
        override = Override(4, "new disks", "anna", 5, None) if number == 0 else None
        state.set_group(name, Group(name, "c", {0: f"10.0.0.{number % 250}:10911", 2: "10.0.1.1:10911"}, override, 71))
        for broker_id in (0, 2):
            key = BrokerKey(name, broker_id)
            state.set_broker(
                key,
                Broker(
                    "c", name, broker_id, f"10.0.0.{number % 250}:10911", 12, 15_000, 3, 71, "h:1", "i",
                    DataVersion(1, 2, 3), "z1", True, "node", ("f:1", "f:2"), 5 * (broker_id == 2), 6 * (number == 0),
                ),
            )  # fmt: skip
        state.set_table(await compare(name, None, table))
    static = Table(72, {"S": QueueData()}, mappings={"S": '{"bname":"s"}'})
    state.set_group("static", Group("static", "c", {0: "10.0.2.1:10911"}, None, 72))
    state.set_table(await compare("static", None, static))
    state.set_table(await compare("empty", None, Table(73)))
    gone = OfflineBroker("c", "gone", 0, "10.0.0.9:10911", 9, "expired", "node", 8, 7, "", "z2", 60)
    state.set_offline(gone.key, gone)
    state.set_brake("c", Brake("c", 6, "10 of 20", "node", 10, 0, 20, 15_000, 74))
    state.set_kv("ORDER_TOPIC_CONFIG", {"T1": KvEntry("ORDER_TOPIC_CONFIG", "T1", "broker-0:4", 50)})
    state.set_settings({"orderMessageEnable": "true", "revision": "51"})
    state.changes.extend(Change(n, f"tag{n}", "register", n, ("broker:a/0",), "by", "why") for n in range(1, 78))
    state.take_dirty()
    return state


def same(one: State, other: State) -> bool:
    """Whether two states hold the same."""
    return (one.revision, one.tag, list(one.changes)) == (other.revision, other.tag, list(other.changes)) and all(
        getattr(one, field) == getattr(other, field) for field in FIELDS
    )
