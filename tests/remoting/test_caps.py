import pytest

from nsredis.remoting.limits import Limits
from nsredis.sockets.caps import Caps
from tests.remoting.conftest import Start
from tests.remoting.scripted_door import NOW
from tests.support.eventually import eventually


def test_places_are_counted_in_total_and_by_address() -> None:
    caps = Caps(3, 1)
    first, second, third = caps.take(), caps.take(), caps.take()
    assert first is not None
    assert second is not None
    assert third is not None
    assert caps.take() is None
    assert first.belongs_to("a")
    assert not second.belongs_to("a")
    assert third.belongs_to("b")
    second.leave()
    second.leave()
    assert caps.take() is not None
    assert caps.take() is None
    first.leave()
    again = caps.take()
    assert again is not None
    assert again.belongs_to("a")


def test_without_limits_there_is_always_a_place() -> None:
    caps = Caps(0, 0)
    for _ in range(10):
        place = caps.take()
        assert place is not None
        assert place.belongs_to("a")


async def test_there_are_only_so_many_connections(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    remoting = await start(Limits(connections=2))
    first, second = await remoting.client(), await remoting.client()
    assert (await first.ask(NOW)).code == 0
    for _ in range(3):
        assert await (await remoting.client()).is_cut_off()
    assert remoting.observer.refused == {"full": 3}
    assert caplog.text.count("there are too many connections") == 1
    assert (await second.ask(NOW)).code == 0
    await first.close()
    await eventually(lambda: remoting.observer.closed == {"peer": 1})
    assert (await (await remoting.client()).ask(NOW)).code == 0


async def test_one_address_has_only_so_many(start: Start) -> None:
    remoting = await start(Limits(per_address=1))
    first = await remoting.client()
    assert (await first.ask(NOW)).code == 0
    assert await (await remoting.client()).is_cut_off()
    assert remoting.observer.refused == {"address": 1}
    await first.close()
    await eventually(lambda: remoting.observer.closed == {"peer": 1})
    assert (await (await remoting.client()).ask(NOW)).code == 0


async def test_a_trusted_balancer_has_no_limit_but_those_behind_it_have(start: Start) -> None:
    remoting = await start(Limits(per_address=1), trusted=("127.0.0.0/8",))
    for _ in range(3):
        assert (await (await remoting.client()).ask(NOW)).code == 0  # its own checks

    async def behind(host: str) -> bool:
        client = await remoting.client()
        await client.send(f"PROXY TCP4 {host} 127.0.0.1 5000 9876\r\n".encode())
        try:
            return (await client.ask(NOW)).code == 0
        except (EOFError, ConnectionError):
            return False

    assert await behind("10.0.0.1")
    assert await behind("10.0.0.2")
    assert not await behind("10.0.0.1")
    assert remoting.observer.refused == {"address": 1}
    assert [peer.address for peer in remoting.door.peers[3:]] == ["10.0.0.1:5000", "10.0.0.2:5000"]
