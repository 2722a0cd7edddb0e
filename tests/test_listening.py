import ssl
from pathlib import Path

import pytest
import trustme

from nsredis.core.errors import InvalidField
from tests.conftest import NodeFactory
from tests.support.remoting import RemotingClient
from tests.support.store_process import StoreProcess


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> Path:
    """A certificate with its key, in one file."""
    path = tmp_path / "node.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(path)
    return path


def _context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_tls_beside_plaintext_once_there_is_a_certificate(
    node_factory: NodeFactory, store_server: StoreProcess, authority: trustme.CA, certificate: Path
) -> None:
    node = await node_factory(store_server.url, tls_certificate=str(certificate))
    secure = await RemotingClient.connect(node.remoting_address, ssl=_context(authority))
    plain = await RemotingClient.connect(node.remoting_address)
    assert (await secure.register("a", 0)).code == 0
    assert await plain.route("TopicA") == await secure.route("TopicA") is not None
    await secure.close()
    await plain.close()


async def test_tls_alone_where_it_is_enforced(
    node_factory: NodeFactory, store_server: StoreProcess, authority: trustme.CA, certificate: Path
) -> None:
    node = await node_factory(store_server.url, tls_certificate=str(certificate), tls_mode="enforcing")
    plain = await RemotingClient.connect(node.remoting_address)
    with pytest.raises(ConnectionError):
        await plain.call(106)
    await plain.close()
    secure = await RemotingClient.connect(node.remoting_address, ssl=_context(authority))
    assert (await secure.call(106)).code == 0
    await secure.close()


async def test_a_certificate_that_cannot_be_read_ends_the_start(
    node_factory: NodeFactory, store_server: StoreProcess, tmp_path: Path
) -> None:
    with pytest.raises(InvalidField, match="tls_certificate"):
        await node_factory(store_server.url, tls_certificate=str(tmp_path / "nothing.pem"))


async def test_what_others_are_told(node_factory: NodeFactory, store_server: StoreProcess) -> None:
    node = await node_factory(store_server.url)
    assert node._doors is not None
    assert node._doors.advertised() == (node.http_address, node.remoting_address)
    named = await node_factory(store_server.url, advertise_remoting="ns.example:9876")
    assert named._doors is not None
    assert named._doors.advertised() == (named.http_address, "ns.example:9876")
