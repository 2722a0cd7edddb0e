import asyncio
import ssl
import struct

import pytest
import trustme

from nsredis.remoting.limits import Limits
from nsredis.remoting.opening import MOST_HEADER, Tls
from tests.remoting.conftest import Running, Start
from tests.remoting.raw_client import RawClient, request
from tests.remoting.scripted_door import NOW
from tests.support.eventually import eventually

TRUSTED = ("127.0.0.1",)
V1 = b"PROXY TCP4 10.1.2.3 127.0.0.1 4711 9876\r\n"
V1_SIX = b"PROXY TCP6 2001:db8::7 ::1 4711 9876\r\n"
UNKNOWN = b"PROXY UNKNOWN\r\n"


def v2(command: int = 1, tlvs: bytes = b"") -> bytes:
    """A header of version 2 for 10.1.2.3:4711; command 0 is the balancer's own."""
    addresses = bytes([10, 1, 2, 3, 127, 0, 0, 1]) + struct.pack(">HH", 4711, 9876)
    return b"\r\n\r\n\x00\r\nQUIT\n" + struct.pack(">BBH", 0x20 | command, 0x11, 12 + len(tlvs)) + addresses + tlvs


async def told(remoting: Running, data: bytes) -> str:
    """The address of the peer that sent these bytes and then asked something."""
    client = await remoting.client()
    await client.send(data + request(NOW, 1))
    assert (await client.receive()).opaque == 1
    address = remoting.door.peers[-1].address
    return "itself" if address == client.address else address


async def test_a_trusted_header_tells_who_speaks(start: Start) -> None:
    remoting = await start(trusted=TRUSTED)
    assert await told(remoting, V1) == "10.1.2.3:4711"
    assert await told(remoting, V1_SIX) == "[2001:db8::7]:4711"
    assert await told(remoting, v2()) == "10.1.2.3:4711"
    assert await told(remoting, v2(tlvs=b"\xea\x00\x03abc")) == "10.1.2.3:4711"


async def test_a_balancer_may_speak_for_itself(start: Start) -> None:
    remoting = await start(trusted=TRUSTED)
    for data in (b"", UNKNOWN, v2(command=0)):
        assert await told(remoting, data) == "itself"


@pytest.mark.parametrize("header", [V1, UNKNOWN, v2(tlvs=b"\xea\x00\x03abc")])
async def test_a_header_may_be_cut_anywhere(start: Start, header: bytes) -> None:
    remoting = await start(trusted=TRUSTED)
    client = await remoting.client()
    for at in range(0, len(header), 5):
        await client.send(header[at : at + 5])
        await asyncio.sleep(0.001)
    assert (await client.ask(NOW, 3)).opaque == 3


async def test_a_balancer_that_only_connects_is_no_event(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    remoting = await start(trusted=TRUSTED)
    client = await remoting.client()
    await client.close()
    client = await remoting.client()
    client.reset()
    await eventually(lambda: not remoting.server._opened)
    assert remoting.server._caps._count == 0
    assert remoting.observer.refused == {}
    assert caplog.records == []


@pytest.mark.parametrize("header", [V1, v2()])
@pytest.mark.parametrize("secured", [False, True])
async def test_a_header_from_elsewhere_closes_the_connection(
    start: Start, caplog: pytest.LogCaptureFixture, header: bytes, *, secured: bool
) -> None:
    tls = Tls(lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) if secured else None
    remoting = await start(trusted=("10.0.0.0/8", "2001:db8::/32"), tls=tls)
    for _ in range(2):
        client = await remoting.client()
        await client.send(header + request(NOW))
        assert await client.is_cut_off()
    assert caplog.text.count("not in remoting_trusted_proxies") == 1
    assert remoting.door.asked == []
    assert remoting.observer.refused["proxy"] + remoting.observer.malformed == 2


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"PROXY TCP4 10.1.2.3 somewhere 1 2\r\n", "is broken"),
        (b"PROXY " + b"x" * 200, "is broken"),
        (v2(tlvs=bytes(MOST_HEADER)), f"more than {MOST_HEADER} bytes"),
    ],
)
async def test_a_broken_header_closes_the_connection(
    start: Start, caplog: pytest.LogCaptureFixture, header: bytes, words: str
) -> None:
    remoting = await start(trusted=TRUSTED)
    client = await remoting.client()
    await client.send(header)
    assert await client.is_cut_off()
    assert words in caplog.text
    assert remoting.observer.refused == {"malformed": 1}
    assert remoting.server._caps._count == 0


async def test_a_header_must_come_soon_once_it_began(start: Start) -> None:
    remoting = await start(Limits(opening_s=0.1), trusted=TRUSTED)
    silent, slow = await remoting.client(), await remoting.client()
    await slow.send(V1[:9])
    assert await slow.is_cut_off()
    assert remoting.observer.refused == {"slow": 1}
    assert (await silent.ask(NOW)).code == 0  # a client may connect long before it speaks


async def test_one_that_never_speaks_is_idle(start: Start) -> None:
    remoting = await start(Limits(idle_s=0.1), trusted=TRUSTED)
    assert await (await remoting.client()).is_cut_off()
    await eventually(lambda: remoting.server._caps._count == 0)


async def test_a_header_comes_before_tls(start: Start) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("name-server.test").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    remoting = await start(trusted=TRUSTED, tls=Tls(lambda: context, enforced=True))
    client = await remoting.client()
    await client.send(V1)
    await client.writer.start_tls(trusting, server_hostname="name-server.test")
    assert (await client.ask(NOW)).code == 0
    [peer] = remoting.door.peers
    assert (peer.address, peer.secure) == ("10.1.2.3:4711", True)


async def test_those_who_have_not_spoken_go_with_the_server(start: Start) -> None:
    remoting = await start(trusted=TRUSTED)
    silent, begun = await remoting.client(), await remoting.client()
    await begun.send(V1[:9])
    await eventually(lambda: len(remoting.server._opened) == 2)
    await remoting.server.drain()
    assert await silent.is_cut_off()
    assert await begun.is_cut_off()
    assert isinstance(silent, RawClient)
