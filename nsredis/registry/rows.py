"""Rows of the store to and from objects: hash fields are bytes, names as the scripts write them."""

from collections.abc import Collection, Mapping

from nsredis.core.brake import Brake
from nsredis.core.brokers import Broker, BrokerKey, DataVersion, Group, OfflineBroker, Override
from nsredis.core.changes import Change
from nsredis.core.kv import KvEntry

Row = Mapping[bytes, bytes]


def pairs(flat: list[bytes]) -> dict[bytes, bytes]:
    """A flat reply of fields and values as a mapping."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def text(row: Row, field: bytes) -> str:
    """A field as text; empty when it is not there."""
    return row.get(field, b"").decode()


def number(row: Row, field: bytes) -> int:
    """A field as a whole number; 0 when it is not there."""
    return int(row.get(field) or 0)


def data_version_text(version: DataVersion | None) -> str:
    """A data version as the scripts keep it: stateVersion/timestamp/counter, or empty."""
    if version is None:
        return ""
    return f"{version.state_version}/{version.timestamp}/{version.counter}"


def parse_data_version(version: str) -> DataVersion | None:
    """The inverse of `data_version_text`."""
    if not version:
        return None
    state_version, timestamp, counter = version.split("/")
    return DataVersion(int(state_version), int(timestamp), int(counter))


def filter_servers_text(servers: Collection[str]) -> str:
    """Addresses of filter servers as the scripts keep them; a single blank when there is none."""
    return " ".join(servers) or " "


def broker(key: BrokerKey, row: Row) -> Broker:
    """A broker from its record."""
    return Broker(
        cluster=text(row, b"cluster"),
        name=key.name,
        id=key.id,
        address=text(row, b"address"),
        epoch=number(row, b"epoch"),
        lease_ms=number(row, b"leaseMs"),
        registered_at_ms=number(row, b"registeredAt"),
        revision=number(row, b"revision"),
        ha_address=text(row, b"haAddress"),
        instance=text(row, b"instance"),
        data_version=parse_data_version(text(row, b"dataVersion")),
        zone=text(row, b"zone"),
        acting_master=text(row, b"actingMaster") == "1",
        owner=text(row, b"owner"),
        filter_servers=tuple(text(row, b"filterServers").split()),
        suspect_at_ms=number(row, b"suspectAt"),
        held_at_ms=number(row, b"heldAt"),
    )


def broker_fields(broker: Broker) -> dict[str, str]:
    """A broker's record as `register` would have written it, and `suspect` after it."""
    suspect = {"suspectAt": str(broker.suspect_at_ms)} if broker.suspect_at_ms else {}
    return suspect | {
        "cluster": broker.cluster,
        "address": broker.address,
        "epoch": str(broker.epoch),
        "instance": broker.instance,
        "leaseMs": str(broker.lease_ms),
        "haAddress": broker.ha_address,
        "zone": broker.zone,
        "actingMaster": "1" if broker.acting_master else "0",
        "dataVersion": data_version_text(broker.data_version),
        "filterServers": filter_servers_text(broker.filter_servers),
        "registeredAt": str(broker.registered_at_ms),
        "swaps": "0",
        "swapsFrom": "0",
    }


def offline(key: BrokerKey, row: Row) -> OfflineBroker:
    """What is remembered of a broker that left."""
    return OfflineBroker(
        cluster=text(row, b"cluster"),
        name=key.name,
        id=key.id,
        address=text(row, b"address"),
        epoch=number(row, b"epoch"),
        reason=text(row, b"reason"),
        by=text(row, b"by"),
        offline_at_ms=number(row, b"offlineAt"),
        last_beat_ms=number(row, b"lastBeat"),
        ha_address=text(row, b"haAddress"),
        zone=text(row, b"zone"),
        revision=number(row, b"revision"),
    )


def group(name: str, row: Row) -> Group:
    """A group with its addresses by id, ascending, and its override."""
    addresses = {int(field[2:]): value.decode() for field, value in row.items() if field.startswith(b"a:")}
    override = None
    if packed := text(row, b"override"):
        perm, set_at, expires = packed.split(" ")
        override = Override(
            perm=int(perm),
            reason=text(row, b"overrideWhy"),
            by=text(row, b"overrideBy"),
            set_at_ms=int(set_at),
            expires_at_ms=int(expires) if expires else None,
        )
    return Group(name, text(row, b"cluster"), dict(sorted(addresses.items())), override, number(row, b"revision"))


def brake(cluster: str, row: Row) -> Brake:
    """The brake of a cluster, engaged."""
    return Brake(
        cluster=cluster,
        since_ms=number(row, b"since"),
        why=text(row, b"why"),
        by=text(row, b"by"),
        silent=number(row, b"silent"),
        expired=number(row, b"expired"),
        brokers=number(row, b"brokers"),
        window_ms=number(row, b"windowMs"),
        revision=number(row, b"revision"),
        let_go_at_ms=number(row, b"letGo"),
        let_go_by=text(row, b"letGoBy"),
    )


def kv_entries(namespace: str, row: Row) -> dict[str, KvEntry]:
    """The keys of one KV namespace; a cell is "revision request value"."""
    entries = {}
    for key, cell in row.items():
        revision, _, value = cell.split(b" ", 2)
        name = key.decode()
        entries[name] = KvEntry(namespace, name, value.decode(), int(revision))
    return entries


def change(entry_id: bytes, fields: list[bytes]) -> Change:
    """A change from its stream entry."""
    row = pairs(fields)
    return Change(
        revision=int(entry_id.partition(b"-")[0]),
        tag=text(row, b"tag"),
        kind=text(row, b"kind"),
        at_ms=number(row, b"at"),
        subjects=tuple(text(row, b"rows").split()),
        by=text(row, b"by"),
        why=text(row, b"why"),
    )
