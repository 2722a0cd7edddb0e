"""Closed connections on a real store; brokers are real listening sockets."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from nsredis.core.brokers import Broker, BrokerKey
from nsredis.service import suspects as module
from nsredis.service.probe import Probe, Probed, TcpProbe
from nsredis.service.suspects import FIRST_PROBES, SUSPECT_PROBES
from nsredis.view.state import State
from tests.conftest import OwnStore
from tests.service.conftest import KEY, House
from tests.support.eventually import eventually
from tests.support.listener import DeafListener, Listener
from tests.support.scripted_store import real_runner


def probing(meanwhile: Callable[[], Awaitable[object]]) -> Probe:
    """A real probe in whose time something happens once the broker refuses."""
    real = TcpProbe()

    async def probe(address: str) -> Probed:
        outcome = await real(address)
        if outcome is Probed.REFUSED:
            await meanwhile()
        return outcome

    return probe


# Loss -------------------------------------------------------------------------------------------------------------


async def test_a_broker_that_listened_and_refuses_now_leaves_at_once(house: House) -> None:
    epoch = await house.register()
    await house.reached()
    house.listener.close()
    house.suspects.connection_lost([KEY])
    await house.became("lost")
    assert await house.store.rows() == {"offline:a/0"}
    offline = await house.store.row("offline:a/0")
    assert (offline[b"reason"], offline[b"by"]) == (b"connection-lost", b"n1")
    assert int(offline[b"epoch"]) == epoch
    assert house.counts.probes == ["reached", "refused"]


async def test_a_broker_that_closes_its_listening_socket_last_is_probed_again(house: House) -> None:
    real = TcpProbe()

    async def probe(address: str) -> Probed:
        outcome = await real(address)
        if len(house.counts.probes) >= 2:  # the first of the two after the loss got through
            house.listener.close()
        return outcome

    house.with_probe(probe)
    await house.register()
    await house.reached()
    house.suspects.connection_lost([KEY])
    await house.became("lost")
    assert house.counts.probes == ["reached", "reached", "reached", "refused"]


async def test_a_beat_while_it_is_probed_keeps_the_broker(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, module.__name__)
    house.with_probe(probing(house.beat))
    await house.register()
    await house.reached()
    house.listener.close()
    house.suspects.connection_lost([KEY])
    await eventually(lambda: "a/0 stays" in caplog.text)
    assert "broker:a/0" in await house.store.rows()
    assert [change.kind for change in await house.store.changes()] == ["open", "register"]


async def test_a_new_registration_while_it_is_probed_keeps_the_broker(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, module.__name__)

    async def reborn() -> None:
        await house.store.register(address=house.listener.address, instance="reborn")

    house.with_probe(probing(reborn))
    await house.register()
    await house.reached()
    house.listener.close()
    house.suspects.connection_lost([KEY])
    await eventually(lambda: "a/0 stays" in caplog.text)
    assert "broker:a/0" in await house.store.rows()
    assert (await house.store.last_change()).kind == "update"


async def test_a_beat_before_the_second_probe_keeps_the_broker(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, module.__name__)
    real = TcpProbe()

    async def probe(address: str) -> Probed:
        outcome = await real(address)
        if len(house.counts.probes) == 1:
            house.listener.close()
            await house.beat()  # through another connection, long after this one closed
        return outcome

    house.with_probe(probe)
    await house.register()
    await house.reached()
    house.suspects.connection_lost([KEY])
    await eventually(lambda: "a/0 stays" in caplog.text)
    assert "broker:a/0" in await house.store.rows()


# Suspects ---------------------------------------------------------------------------------------------------------


async def test_who_still_listens_is_marked_until_it_beats(house: House) -> None:
    await house.register()
    await house.reached()
    house.suspects.connection_lost([KEY])
    await house.became("suspect")
    assert house.counts.probes == ["reached"] * 4
    assert await house.why() == "its connection closed; its port can be reached"
    await house.store.beat()
    await house.became("recovered")


async def test_who_does_not_answer_is_left_to_its_lease(house: House) -> None:
    await house.register()
    await house.reached()
    deaf = DeafListener()
    try:
        answers = iter([Probed.REACHED])
        real = TcpProbe()

        async def probe(_: str) -> Probed:
            return next(answers, None) or await real(deaf.address)

        house.counts.probes.clear()
        house.with_probe(probe)
        await house.register()
        await house.reached()
        house.suspects.connection_lost([KEY])
        await house.became("suspect")
        assert house.counts.probes == ["reached", "unknown"]
        assert await house.why() == "its connection closed; its port does not answer"
    finally:
        deaf.close()


async def test_a_refusal_of_who_was_never_reached_says_nothing(house: House) -> None:
    house.listener.close()
    await house.register()
    await eventually(lambda: house.counts.probes == ["refused"])
    house.suspects.connection_lost([KEY])
    await house.became("suspect")
    assert await house.why() == "its connection closed; its port has not been reached so far"
    assert house.counts.probes == ["refused"]


async def test_a_refusal_counts_only_in_the_epoch_in_which_it_was_reached(house: House) -> None:
    await house.register()
    await house.reached()
    house.listener.close()
    await house.register(instance="reborn")
    await eventually(lambda: house.counts.probes == ["reached", "refused"])
    house.suspects.connection_lost([KEY])
    await house.became("suspect")


async def test_without_probes_nobody_leaves(house: House) -> None:
    house.with_probe(None)
    await house.register()
    house.listener.close()
    house.suspects.connection_lost([KEY])
    await house.became("suspect")
    assert await house.why() == "its connection closed"
    assert house.counts.probes == []


async def test_who_has_left_is_not_looked_for(house: House) -> None:
    await house.register()
    await house.store.register("b")
    await house.reached()
    await house.store.unregister()
    house.suspects.connection_lost([KEY, BrokerKey("b", 0)])
    await house.became("suspect")
    assert (await house.store.last_change()).subjects == ("broker:b/0",)


# Probes after registrations -----------------------------------------------------------------------------------------


async def test_who_was_reached_is_not_probed_again_in_that_epoch(house: House) -> None:
    epoch = await house.register()
    await house.reached()
    house.suspects.registered(KEY, house.listener.address, epoch)
    await house.register(instance="reborn")
    await eventually(lambda: house.counts.probes == ["reached"] * 2)


async def test_who_was_not_reached_is_probed_at_the_next_registration(house: House) -> None:
    house.listener.close()
    await house.register()
    await eventually(lambda: house.counts.probes == ["refused"])
    await house.register()
    await eventually(lambda: house.counts.probes == ["refused"] * 2)


async def test_those_that_left_are_forgotten(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FORGET_FROM", 3)
    suspects = house.with_probe(TcpProbe())
    state = State()
    state.set_broker(BrokerKey("stays", 0), Broker("c", "stays", 0, house.listener.address, 1, 15_000, 0, 1))
    house.view.publish(state)
    for name in ("left", "stays", "left-too"):
        suspects.registered(BrokerKey(name, 0), house.listener.address, 1)
    await eventually(lambda: list(suspects._reached) == [BrokerKey("stays", 0)])


# Many, and trouble ----------------------------------------------------------------------------------------------------


async def test_thousands_that_close_together_are_probed_some_at_a_time(house: House) -> None:
    names = [f"b{i}" for i in range(1000)]
    keys = [BrokerKey(name, 0) for name in names]
    present, most = 0, 0

    async def probe(_: str) -> Probed:
        nonlocal present, most
        present += 1
        most = max(most, present)
        await asyncio.sleep(0)
        present -= 1
        return Probed.REACHED

    suspects = house.with_probe(probe)
    for name, key in zip(names, keys, strict=True):
        suspects.registered(key, "10.0.0.0:10911", (await house.store.register(name)).epoch)
    await eventually(lambda: len(house.counts.probes) == 1000, 20)
    assert most <= FIRST_PROBES
    for key in keys:
        suspects.connection_lost([key])

    async def all_marked() -> bool:
        return [change.kind for change in await house.store.changes()].count("suspect") == 1000

    await eventually(all_marked, 30, every_s=0.2)
    assert FIRST_PROBES + SUSPECT_PROBES <= 64
    assert most <= SUSPECT_PROBES
    assert len(house.counts.probes) == 4000


async def test_while_the_store_is_away_nobody_is_judged(
    own_store: OwnStore, namespace: str, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    server = own_store()
    async with real_runner(server.url, namespace) as runner:
        house = House(runner, listener)
        await house.store.open()
        await house.register()
        await house.reached()
        before = await house.store.everything()
        server.pause()
        house.listener.close()
        house.suspects.connection_lost([KEY])
        await eventually(lambda: house.counts.failures == 1)
        server.resume()
        assert await house.store.everything() == before
        assert caplog.records == []
        house.suspects.connection_lost([KEY])  # it goes on afterwards
        await house.became("lost")
        await house.suspects.close()


async def test_closing_ends_everything(house: House) -> None:
    never = asyncio.Event()
    entered: list[str] = []

    async def probe(address: str) -> Probed:
        entered.append(address)
        await never.wait()
        return Probed.REFUSED

    suspects = house.with_probe(probe)
    await house.register()
    await eventually(lambda: len(entered) == 1)
    before = asyncio.all_tasks()
    await suspects.close()
    assert len(asyncio.all_tasks()) < len(before)
    suspects.connection_lost([KEY])
    suspects.registered(BrokerKey("b", 0), "h:1", 1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
