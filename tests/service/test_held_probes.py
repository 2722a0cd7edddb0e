"""A held broker goes when its port refuses and was reached before; all others stay held."""

import asyncio

import pytest

from nsredis.core.brokers import BrokerKey, Incarnation
from nsredis.registry import rows
from nsredis.registry.broker_store import BrokerStore
from nsredis.registry.cancellation import end_task
from nsredis.service import held_probes
from nsredis.service.held_probes import HeldProbes
from nsredis.service.probe import Probe, Probed, TcpProbe
from tests.service.conftest import KEY, House
from tests.support.eventually import eventually


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_probes, "EVERY_S", 0.02)


@pytest.fixture
async def held(house: House) -> House:
    """Three brokers that are held; the first of them was reached."""
    await house.register()
    await house.reached()
    for broker_id in (1, 2):
        await house.store.register(broker_id=broker_id, address=f"127.0.0.1:{broker_id}")
    await house.store.sweep()
    await house.store.lapse("a/0", "a/1", "a/2")
    assert (await house.store.sweep(least=3)).evicted == {}
    for broker_id in range(3):
        key = BrokerKey("a", broker_id)
        broker = rows.broker(key, await house.store.row(f"broker:a/{broker_id}"))
        assert house.view.state is not None
        house.view.state.set_broker(key, broker)
    house.counts.probes.clear()
    return house


def _probes(house: House, probe: Probe) -> HeldProbes:
    store = BrokerStore(house.store.runner, "n1")
    return HeldProbes(store, probe, house.suspects, house.view, house.counts)


async def _run_until_probed(house: House, probe: Probe, times: int = 1) -> None:
    task = asyncio.create_task(_probes(house, probe).run())
    await eventually(lambda: len(house.counts.probes) >= times)
    await end_task(task)


async def test_one_that_refuses_goes_and_one_that_was_never_reached_stays(held: House) -> None:
    held.listener.close()
    await _run_until_probed(held, TcpProbe(), times=2)
    await held.became("lost")
    assert (await held.store.row("offline:a/0"))[b"reason"] == b"connection-lost"
    for broker_id in (1, 2):
        assert b"heldAt" in await held.store.row(f"broker:a/{broker_id}")


async def test_one_that_can_be_reached_stays(held: House) -> None:
    before = await held.store.everything()
    await _run_until_probed(held, TcpProbe(), times=3)
    assert await held.store.everything() == before


async def test_one_that_has_beaten_meanwhile_stays(held: House) -> None:
    async def refused_too_late(_: str) -> Probed:
        await held.store.beat()
        return Probed.REFUSED

    await _run_until_probed(held, refused_too_late, times=2)
    assert b"heldAt" not in await held.store.row("broker:a/0")
    assert (await held.store.last_change()).kind == "recovered"


async def test_what_was_reached_before_a_new_registration_says_nothing(held: House) -> None:
    address, epoch = held.listener.address, int((await held.store.row("broker:a/0"))[b"epoch"])
    assert held.suspects.was_reached(Incarnation(KEY, address, epoch))
    assert not held.suspects.was_reached(Incarnation(KEY, address, epoch + 1))
    assert not held.suspects.was_reached(Incarnation(BrokerKey("a", 1), "127.0.0.1:1", epoch))
