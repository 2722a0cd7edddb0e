import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from nsredis.wire import commands
from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command
from nsredis.wire.frames import FrameSplitter
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.remoting import RemotingClient, broker_ext


class BrokerPort:
    """A broker's listening port; keeps what it is sent."""

    def __init__(self) -> None:
        self.heard: list[Command] = []
        self.address = ""
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard += [commands.decode(payload) for payload in FrameSplitter().feed(await reader.read())]
        writer.close()

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()


@pytest.fixture
async def ports() -> AsyncIterator[list[BrokerPort]]:
    """Three brokers' ports."""
    ports = [BrokerPort() for _ in range(3)]
    for port in ports:
        await port.start()
    yield ports
    for port in ports:
        await port.stop()


async def _switch_on(api: Api) -> None:
    assert (await api.call("PATCH", "/v1/settings", {"notifyMinBrokerIdChanged": True})).status == 200


async def _register(client: RemotingClient, address: str, number: int) -> None:
    assert (await client.register("a", number, address=address, enableActingMaster="true")).code == 0


async def _leave(client: RemotingClient, address: str, number: int) -> None:
    await client.call(RequestCode.UNREGISTER_BROKER, broker_ext("a", number, address=address))


async def _joins_until_heard(client: RemotingClient, master: BrokerPort, slave: BrokerPort) -> None:
    """The master comes and goes until a slave has heard of it: the setting is followed, not waited for."""

    async def heard() -> bool:
        await _leave(client, master.address, 0)
        await _register(client, master.address, 0)
        await eventually(lambda: bool(slave.heard), 0.5)
        return True

    await eventually(heard, 15)


def _last_heard(slave: BrokerPort, ext: dict[str, str]) -> bool:
    return bool(slave.heard) and slave.heard[-1].ext == ext


async def test_the_others_hear_that_a_lower_id_joined_and_left(
    client: RemotingClient, api: Api, ports: list[BrokerPort]
) -> None:
    master, first, second = ports
    await _register(client, first.address, 1)
    await _register(client, second.address, 2)
    await _switch_on(api)
    await _joins_until_heard(client, master, first)
    joined = {"minBrokerId": "0", "minBrokerAddr": master.address, "haBrokerAddr": "10.1.0.1:10912"}
    for slave in (first, second):
        await eventually(partial(_last_heard, slave, joined))
    notice = first.heard[-1]
    assert (notice.code, notice.one_way, notice.body) == (RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, True, None)
    await _leave(client, master.address, 0)
    left = {"minBrokerId": "1", "minBrokerAddr": first.address, "offlineBrokerAddr": master.address}
    for slave in (first, second):
        await eventually(partial(_last_heard, slave, left))
    assert left not in [notice.ext for notice in master.heard]


async def test_nobody_is_told_while_the_setting_is_off(
    client: RemotingClient, api: Api, ports: list[BrokerPort]
) -> None:
    master, first, _ = ports
    await _register(client, first.address, 1)
    await _register(client, "10.9.9.9:10911", 0)
    await _leave(client, "10.9.9.9:10911", 0)
    await _switch_on(api)
    await _joins_until_heard(client, master, first)
    assert "10.9.9.9:10911" not in repr([notice.ext for notice in first.heard])
