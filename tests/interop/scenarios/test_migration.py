"""From Java name servers to nsredis and back, as the README's "Switch from the Java name server" has it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command
from tests.interop.admin_texts import table
from tests.interop.broker import Broker, BrokerSpec, register
from tests.interop.clients import Consumer, Producer, bodies
from tests.interop.logged_process import LoggedProcess
from tests.interop.mqadmin import MqAdmin
from tests.interop.name_servers import JavaNameServer
from tests.interop.releases import RELEASE_4, RELEASE_5
from tests.interop.remoting import ask, groups, routed, topic_perms
from tests.interop.scenarios import evidence
from tests.interop.scenarios.conftest import Start
from tests.interop.scenarios.own_nodes import OwnNodes
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

SOON_S: Final = 45.0
BEFORE: Final = "SentBefore"
AFTER: Final = "SentAfter"
SETTINGS: Final = {"orderMessageEnable": "true", "supportActingMaster": "true"}


@pytest.fixture
def nodes(store_server: StoreProcess, namespace: str, tmp_path: Path) -> Iterator[OwnNodes]:
    """Two nodes of nsredis that know nothing yet."""
    with OwnNodes(tmp_path, store_server.url, namespace) as nodes:
        yield nodes


class Fleet:
    """Two brokers, a 5.x and a 4.x, that are restarted with other name servers, one after the other."""

    def __init__(self, folder: Path, start: Start[LoggedProcess]) -> None:
        self._folder = folder
        self._start = start
        self.specs = {RELEASE_5: BrokerSpec("moving-5"), RELEASE_4: BrokerSpec("moving-4")}
        self._running: dict[str, Broker] = {}

    async def restart(self, *addresses: str, sender: Producer | None = None) -> None:
        """Let each know these name servers, which soon know it; the next when the sender has found it again."""
        for release, spec in self.specs.items():
            if spec.name in self._running:
                self._running[spec.name].terminate()
                self._running[spec.name].ended()
            broker = Broker(release, self._folder, ";".join(addresses), spec)
            self._start(broker)
            self._running[spec.name] = broker
            broker.wait_ready()
            await self.known(*addresses, specs=[spec])
            if sender is not None:
                await _sends_to(sender, spec)

    async def known(self, *addresses: str, specs: Sequence[BrokerSpec] = ()) -> None:
        """Wait until these name servers know these brokers, or both."""

        def are_known() -> bool:
            for spec in specs or self.specs.values():
                if any(groups(address).get(spec.name) != {0: spec.address} for address in addresses):
                    register(spec)
                    return False
            return True

        await eventually(are_known, SOON_S, every_s=0.2)

    async def listed(self, mqadmin: MqAdmin, address: str) -> None:
        """Wait until mqadmin lists both: it asks them too, and has to find out that the connections it has are dead."""
        facts = [(spec, f"V{release.version.replace('.', '_')}") for release, spec in self.specs.items()]
        rows = sorted([spec.cluster, spec.name, "0", spec.address, version] for spec, version in facts)

        def are_listed() -> bool:
            return [row[:5] for row in table(mqadmin.run("clusterList", "-n", address))] == rows

        await eventually(are_listed, SOON_S, what=f"{address} lists {rows}", every_s=0.5)

    def create(self, topic: str) -> None:
        for spec in self.specs.values():
            evidence.create_topic(spec, topic)

    async def routed(self, topic: str, *addresses: str) -> None:
        """Wait until these name servers route a topic to both."""
        names = {spec.name for spec in self.specs.values()}
        await eventually(lambda: all(set(routed(at, topic)) == names for at in addresses), SOON_S)


async def _sends_to(sender: Producer, spec: BrokerSpec) -> None:
    """Wait until a client sends to a broker, from now on: routes come to it only when it asks."""

    def count() -> int:
        return sum(f"\t{spec.name}\t" in line for line in sender.output.splitlines() if line.startswith("sent\t"))

    before = count()
    await eventually(lambda: count() > before, SOON_S, what=f"{sender.name} sends to {spec.name}")


def _kv(address: str, key: str) -> str | None:
    request = Command(RequestCode.GET_KV_CONFIG, ext={"namespace": "limits", "key": key})
    return (ask(address, request).ext or {}).get("value")


@pytest.mark.timeout(300)
async def test_the_switch_and_the_way_back(
    nodes: OwnNodes,
    mqadmin: MqAdmin,
    http: aiohttp.ClientSession,
    tmp_path: Path,
    start: Start[LoggedProcess],
) -> None:
    # What there is: a Java name server with settings and configuration, two brokers, an application that sends.
    java = JavaNameServer(RELEASE_5, tmp_path, SETTINGS, name="java")
    kv_file = tmp_path / "java-kv.json"
    start(java)
    java.wait_ready()
    old = java.remoting
    mqadmin.run("updateKvConfig", "-s", "limits", "-k", "first", "-v", "1", "-n", old)
    fleet = Fleet(tmp_path, start)
    await fleet.restart(old)
    fleet.create(BEFORE)
    await fleet.routed(BEFORE, old)
    before = Producer(RELEASE_5, tmp_path, old, BEFORE, pause_ms=50)
    start(before)
    before.wait_for("^sent")
    failed_before = bodies(before, "failed")

    # 3. The key-value configuration.
    assert "limits" in nodes.command("kv", "import", kv_file, "--dry-run")
    assert _kv(nodes.addresses[0], "first") is None
    nodes.command("kv", "import", kv_file)
    assert [_kv(address, "first") for address in nodes.addresses] == ["1", "1"]
    # 4. The settings.
    for name, value in SETTINGS.items():
        nodes.command("settings", "set", name, value)
    for address in nodes.addresses:
        shown = mqadmin.run("getNamesrvConfig", "-n", address)
        assert all(f"{name} = {value}" in " ".join(shown.split()) for name, value in SETTINGS.items()), shown
    # 5. The brokers.
    await fleet.restart(old, *nodes.addresses, sender=before)
    for address in (old, *nodes.addresses):
        await fleet.listed(mqadmin, address)
    assert all(spec.name in nodes.command("brokers") for spec in fleet.specs.values())
    # 6. The clients.
    fleet.create(AFTER)
    await fleet.routed(AFTER, old, *nodes.addresses)
    after = Producer(RELEASE_5, tmp_path, nodes.remoting, AFTER, pause_ms=50)
    start(after)
    after.wait_for("^sent")
    failed_after = bodies(after, "failed")
    before.kill9()
    assert bodies(before, "failed") == failed_before
    consumer = Consumer(RELEASE_5, tmp_path, nodes.remoting, BEFORE)
    start(consumer)
    sent = set(bodies(before, "sent"))
    consumer.wait_until(lambda: set(bodies(consumer, "received")) >= sent, SOON_S, f"receives {len(sent)}")
    consumer.kill9()

    # The way back.
    mqadmin.run("updateKvConfig", "-s", "limits", "-k", "second", "-v", "2", "-n", nodes.remoting)
    mqadmin.run("wipeWritePerm", "-b", "moving-4", "-n", nodes.remoting)
    exported = tmp_path / "exported.json"
    nodes.command("kv", "export", exported)
    java.terminate()
    java.ended()
    kv_file.write_bytes(exported.read_bytes())
    java.start()
    java.wait_ready()
    assert [_kv(old, key) for key in ("first", "second")] == ["1", "2"]
    await fleet.known(old)
    mqadmin.run("wipeWritePerm", "-b", "moving-4", "-n", old)
    assert topic_perms(old, AFTER) == {"moving-5": 6, "moving-4": 4}
    assert [topic_perms(address, AFTER) for address in nodes.addresses] == [topic_perms(old, AFTER)] * 2
    back = Producer(RELEASE_5, tmp_path / "back", old, BEFORE, count=5)
    back.folder.mkdir()
    start(back)
    back.wait_for("^done$")
    assert len(bodies(back, "sent")) == 5
    mqadmin.run("addWritePerm", "-b", "moving-4", "-n", f"{old};{nodes.remoting}")
    await _sends_to(after, fleet.specs[RELEASE_4])

    # 7. Without the Java name server.
    await fleet.restart(*nodes.addresses, sender=after)
    java.terminate()
    java.ended()
    count = len(bodies(after, "sent"))
    after.wait_until(lambda: len(bodies(after, "sent")) > count + 5, SOON_S, "sends on")
    assert bodies(after, "failed") == failed_after
    assert await evidence.online(Api(http, nodes.nodes[0].http), *fleet.specs.values())
