"""RocketMQ's broker, and the container that holds several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nsredis.wire.commands import Command
from tests.interop.java_process import JavaProcess, address_server, write_properties
from tests.interop.logged_process import START_S
from tests.interop.ports import free_broker_port, listens
from tests.interop.releases import Release
from tests.interop.remoting import Connection

CLUSTER: Final = "DefaultCluster"
UPDATE_BROKER_CONFIG: Final = 25

# Small files, since the defaults would take gigabytes. A developer's full disk shall not stop a broker.
SMALL: Final[Mapping[str, object]] = {
    "flushDiskType": "ASYNC_FLUSH",
    "mappedFileSizeCommitLog": 16 << 20,
    "mappedFileSizeConsumeQueue": 60_000,
    "maxHashSlotNum": 10_000,
    "maxIndexNum": 40_000,
    "timerWheelEnable": False,
    "diskMaxUsedSpaceRatio": 95,
    "registerNameServerPeriod": 10_000,
}


@dataclass(frozen=True)
class BrokerSpec:
    """Who a broker is, where it listens, and how it differs from the others."""

    name: str = "broker-a"
    broker_id: int = 0
    cluster: str = CLUSTER
    settings: Mapping[str, object] = field(default_factory=dict)
    port: int = field(default_factory=free_broker_port)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def write(self, folder: Path, name_servers: str) -> Path:
        """Its configuration file. The port for replication is on all addresses: no release can be told otherwise."""
        store = folder / f"{self.name}-{self.broker_id}"
        own: dict[str, object] = {
            "brokerName": self.name,
            "brokerId": self.broker_id,
            "brokerRole": "SLAVE" if self.broker_id else "ASYNC_MASTER",
            "brokerClusterName": self.cluster,
            "brokerIP1": "127.0.0.1",
            "brokerIP2": "127.0.0.1",
            "bindAddress": "127.0.0.1",
            "listenPort": self.port,
            "haListenPort": self.port + 1,  # a 4.x takes no other
            **({"namesrvAddr": name_servers} if name_servers else {"fetchNamesrvAddrByAddressServer": True}),
            "storePathRootDir": store,
            "storePathCommitLog": store / "commitlog",
        }
        return write_properties(folder / f"{store.name}.properties", {**SMALL, **own, **self.settings})


class Broker(JavaProcess):
    """One broker. A 4.x cannot be kept from listening on all addresses.

    Without `name_servers` it asks the address server at `domain` for them.
    """

    def __init__(
        self, release: Release, folder: Path, name_servers: str, spec: BrokerSpec | None = None, *, domain: str = ""
    ) -> None:
        self.spec = spec or BrokerSpec()
        file = self.spec.write(folder, name_servers)
        name = f"broker-{self.spec.name}-{self.spec.broker_id}"
        command: list[str | Path] = ["org.apache.rocketmq.broker.BrokerStartup", "-c", file]
        super().__init__(release, folder, name, command, properties=address_server(domain))

    @property
    def address(self) -> str:
        return self.spec.address

    def wait_ready(self) -> None:
        """Wait until it serves. A 5.x registers with name servers only ten seconds later: see `register`."""
        self.wait_for("The broker.* boot success")


class BrokerContainer(JavaProcess):
    """RocketMQ 5's container: several brokers in one JVM."""

    def __init__(self, release: Release, folder: Path, name_servers: str, specs: Sequence[BrokerSpec]) -> None:
        self.specs = specs
        files = [spec.write(folder, name_servers) for spec in specs]
        own: dict[str, object] = {
            "brokerContainerIP": "127.0.0.1",
            "bindAddress": "127.0.0.1",
            "listenPort": free_broker_port(),
            "namesrvAddr": name_servers,
            "brokerConfigPaths": ":".join(map(str, files)),
        }
        file = write_properties(folder / "container.properties", own)
        main = "org.apache.rocketmq.container.BrokerContainerStartup"
        super().__init__(release, folder, "container", [main, "-c", file], heap_mb=160)

    def wait_ready(self) -> None:
        """Wait until all its brokers serve."""
        self.wait_for("The broker container.* boot success")  # which it says before it starts them
        for spec in self.specs:
            self.wait_until(lambda at=spec.address: listens(at), START_S, f"{spec.name} listens")  # type: ignore[misc]


def register(spec: BrokerSpec) -> None:
    """Let a broker register at once: that is what it does when its permission is set, be it to what it was."""
    with Connection(spec.address) as broker:
        answer = broker.ask(Command(UPDATE_BROKER_CONFIG, body=b"brokerPermission=6\n"))
    assert answer.code == 0, answer
