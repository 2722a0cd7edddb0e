import asyncio
import ssl
from dataclasses import dataclass

import pytest
import trustme

from nsredis.remoting.limits import Limits
from nsredis.remoting.opening import Tls
from tests.remoting.conftest import Start
from tests.remoting.raw_client import RawClient, request
from tests.remoting.scripted_door import LATER, NOW
from tests.support.eventually import eventually


@dataclass
class Secrets:
    """Both ends of TLS, with certificates of one authority."""

    authority: trustme.CA
    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secrets(authority: trustme.CA) -> Secrets:
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return Secrets(authority, server_of(authority), client)


def server_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("name-server.test").configure_cert(context)
    return context


async def test_permissive_serves_both(start: Start, secrets: Secrets) -> None:
    remoting = await start(tls=Tls(lambda: secrets.server))
    plain, secure = await remoting.client(), await remoting.client(secrets.client)
    assert (await plain.ask(NOW, 1)).opaque == 1
    assert (await secure.ask(NOW, 2)).opaque == 2
    assert (await secure.ask(LATER, 3)).opaque == 3
    assert [(peer.address, peer.secure) for peer in remoting.door.peers] == [
        (plain.address, False),
        (secure.address, True),
    ]
    await secure.close()
    await eventually(lambda: remoting.observer.closed == {"peer": 1})


async def test_enforcing_turns_plaintext_away(start: Start, secrets: Secrets, caplog: pytest.LogCaptureFixture) -> None:
    remoting = await start(tls=Tls(lambda: secrets.server, enforced=True))
    plain = await remoting.client()
    await plain.send(request(NOW))
    assert await plain.is_cut_off()
    assert remoting.observer.refused == {"plaintext": 1}
    assert "which tls_mode enforces" in caplog.text
    assert remoting.door.asked == []
    assert (await (await remoting.client(secrets.client)).ask(NOW)).code == 0


async def test_disabled_turns_tls_away(start: Start, secrets: Secrets) -> None:
    remoting = await start()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await remoting.client(secrets.client)
    assert (await (await remoting.client()).ask(NOW)).code == 0


async def test_clients_of_java_8_speak_tls_1_2(start: Start, secrets: Secrets) -> None:
    remoting = await start(tls=Tls(lambda: secrets.server))
    secrets.client.maximum_version = ssl.TLSVersion.TLSv1_2
    client = await remoting.client(secrets.client)
    assert client.writer.get_extra_info("ssl_object").version() == "TLSv1.2"
    assert (await client.ask(NOW)).code == 0


async def test_a_client_may_have_to_show_a_certificate(start: Start, secrets: Secrets) -> None:
    secrets.authority.configure_trust(secrets.server)
    secrets.server.verify_mode = ssl.CERT_REQUIRED
    remoting = await start(tls=Tls(lambda: secrets.server))

    async def served() -> bool:
        try:
            return (await (await remoting.client(secrets.client)).ask(NOW)).code == 0
        except (ssl.SSLError, ConnectionError, EOFError):
            return False

    assert not await served()
    await eventually(lambda: remoting.observer.refused == {"handshake": 1})
    trustme.CA().issue_cert("stranger.test").configure_cert(secrets.client)
    assert not await served()
    secrets.authority.issue_cert("client.test").configure_cert(secrets.client)
    assert await served()
    secrets.server.verify_mode = ssl.CERT_OPTIONAL
    secrets.client = ssl.create_default_context()
    secrets.authority.configure_trust(secrets.client)
    assert await served()


async def test_new_connections_get_a_changed_certificate_and_open_ones_stay(start: Start, secrets: Secrets) -> None:
    contexts = [secrets.server]
    remoting = await start(tls=Tls(lambda: contexts[-1]))
    client = await remoting.client(secrets.client)
    assert (await client.ask(NOW)).code == 0
    other = trustme.CA()
    contexts.append(server_of(other))
    with pytest.raises(ssl.SSLCertVerificationError):
        await remoting.client(secrets.client)
    other.configure_trust(secrets.client)
    assert (await (await remoting.client(secrets.client)).ask(NOW)).code == 0
    assert (await client.ask(NOW)).code == 0


async def test_a_handshake_that_does_not_end_is_cut_off(start: Start, secrets: Secrets) -> None:
    remoting = await start(Limits(opening_s=0.1), tls=Tls(lambda: secrets.server))
    client = await remoting.client()
    await client.send(b"\x16\x03\x01\x02\x00\x01\x00")
    await client.is_cut_off()
    await eventually(lambda: remoting.observer.refused == {"handshake": 1})
    assert remoting.server._caps._count == 0


async def test_nonsense_after_the_first_byte_of_tls_is_cut_off(start: Start, secrets: Secrets) -> None:
    remoting = await start(tls=Tls(lambda: secrets.server))
    client = await remoting.client()
    await client.send(b"\x16" + b"x" * 100)
    await client.is_cut_off()
    await eventually(lambda: remoting.observer.refused == {"handshake": 1})
    await eventually(lambda: remoting.server._caps._count == 0)
    assert remoting.observer.opened == 0


async def test_large_answers_and_pipelines_go_through_tls(start: Start, secrets: Secrets) -> None:
    remoting = await start(tls=Tls(lambda: secrets.server))
    body = bytes(1_000_000)
    client = await remoting.client(secrets.client)
    sending = asyncio.create_task(client.send(b"".join(request(NOW, opaque, body) for opaque in range(12))))
    assert [len((await client.receive()).body or b"") for _ in range(12)] == [len(body)] * 12
    await sending


async def test_a_drain_ends_secure_connections_in_good_order(start: Start, secrets: Secrets) -> None:
    remoting = await start(tls=Tls(lambda: secrets.server))
    remoting.door.go.clear()
    client = await remoting.client(secrets.client)
    await client.send(request(LATER, 1))
    await eventually(lambda: remoting.door.running == 1)
    draining = asyncio.create_task(remoting.server.drain())
    await asyncio.sleep(0.01)
    remoting.door.go.set()
    assert (await client.receive()).opaque == 1
    assert await client.is_cut_off()
    await draining
    assert isinstance(client, RawClient)
