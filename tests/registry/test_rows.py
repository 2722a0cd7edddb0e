from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.brokers import Broker, BrokerKey, DataVersion, Group, OfflineBroker, Override
from nsredis.core.changes import Change
from nsredis.core.kv import KvEntry
from nsredis.registry import rows
from nsredis.registry.rows import data_version_text, parse_data_version

NUMBERS = st.integers(0, 2**53)
KEY = BrokerKey("a", 1)


@given(st.none() | st.builds(DataVersion, NUMBERS, NUMBERS, NUMBERS))
def test_a_data_version_survives(version: DataVersion | None) -> None:
    assert parse_data_version(data_version_text(version)) == version


def _as_row(fields: dict[str, str]) -> dict[bytes, bytes]:
    return {field.encode(): value.encode() for field, value in fields.items()}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    zone=TEXT,
    instance=TEXT,
    epoch=NUMBERS,
    acting=st.booleans(),
    version=st.none() | st.builds(DataVersion, NUMBERS, NUMBERS, NUMBERS),
    suspect_at_ms=NUMBERS,
)
def test_a_broker_survives(
    zone: str, instance: str, epoch: int, acting: bool, version: DataVersion | None, suspect_at_ms: int
) -> None:
    broker = Broker(
        cluster="c",
        name="a",
        id=1,
        address="h:1",
        epoch=epoch,
        lease_ms=15_000,
        registered_at_ms=7,
        revision=9,
        ha_address="h:2",
        instance=instance,
        data_version=version,
        zone=zone,
        acting_master=acting,
        owner="n1",
        suspect_at_ms=suspect_at_ms,
    )
    row = _as_row(rows.broker_fields(broker) | {"revision": "9", "owner": "n1"})
    assert rows.broker(KEY, row) == broker


def test_fields_of_a_later_release_do_no_harm_and_missing_ones_are_empty() -> None:
    broker = rows.broker(KEY, {b"cluster": b"c", b"address": b"h:1", b"fromTheFuture": b"\xff"})
    assert (broker.cluster, broker.zone, broker.epoch, broker.data_version) == ("c", "", 0, None)


def test_an_offline_broker() -> None:
    row = {
        b"cluster": b"c",
        b"address": b"h:1",
        b"epoch": b"5",
        b"haAddress": b"h:2",
        b"zone": b"z",
        b"reason": b"expired",
        b"by": b"n1",
        b"offlineAt": b"20",
        b"lastBeat": b"10",
        b"revision": b"9",
    }
    assert rows.offline(KEY, row) == OfflineBroker("c", "a", 1, "h:1", 5, "expired", "n1", 20, 10, "h:2", "z", 9)


def test_a_groups_addresses_are_sorted_by_number() -> None:
    group = rows.group("a", {b"cluster": b"c", b"a:10": b"h:10", b"a:9": b"h:9", b"a:0": b"h:0", b"revision": b"4"})
    assert group == Group("a", "c", {0: "h:0", 9: "h:9", 10: "h:10"}, None, 4)
    assert list(group.addresses) == [0, 9, 10]


def test_an_override_with_and_without_an_end() -> None:
    row = {b"cluster": b"c", b"override": b"4 100 200", b"overrideWhy": b"w x", b"overrideBy": b"me"}
    assert rows.group("a", row).override == Override(4, "w x", "me", 100, 200)
    assert rows.group("a", row | {b"override": b"0 100 "}).override == Override(0, "w x", "me", 100, None)


@given(TEXT, st.text(st.characters(exclude_categories=["Cs"])))
def test_a_kv_cell_survives(key: str, value: str) -> None:
    entries = rows.kv_entries("ns", {key.encode(): f"7 request {value}".encode()})
    assert entries == {key: KvEntry("ns", key, value, 7)}


def test_a_change() -> None:
    fields = [
        b"prev",
        b"t0",
        b"tag",
        b"t1",
        b"kind",
        b"expire",
        b"rows",
        b"broker:a/1 group:a",
        b"at",
        b"5",
        b"by",
        b"n",
    ]
    assert rows.change(b"12-0", fields) == Change(12, "t1", "expire", 5, ("broker:a/1", "group:a"), "n", "")
    assert rows.change(b"1-0", [b"tag", b"t", b"rows", b""]).subjects == ()
