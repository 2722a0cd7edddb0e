"""The name servers under test: the real one, old and new, and nodes of nsredis, behind one face."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tests.interop.java_process import JavaProcess, write_properties
from tests.interop.ports import free_broker_port
from tests.interop.releases import Release


class NameServer(Protocol):
    """What brokers, clients and mqadmin are pointed at."""

    @property
    def addresses(self) -> Sequence[str]:
        """Where it listens: of a cluster, every node."""
        ...

    @property
    def remoting(self) -> str:
        """The addresses as RocketMQ takes them, with `;` between."""
        ...


class JavaNameServer(JavaProcess):
    """RocketMQ's own name server. A 5.x listens on 127.0.0.1; a 4.x cannot be kept from listening everywhere."""

    def __init__(
        self,
        release: Release,
        folder: Path,
        configuration: Mapping[str, object] | None = None,
        *,
        name: str = "",
        tls: bool = False,
    ) -> None:
        self.port = free_broker_port()
        name = name or f"namesrv-{release}"
        file = folder / f"{name}.properties"
        super().__init__(
            release, folder, name, ["org.apache.rocketmq.namesrv.NamesrvStartup", "-c", file], heap_mb=64, tls=tls
        )
        own = {"listenPort": self.port, "bindAddress": "127.0.0.1", "kvConfigPath": folder / f"{name}-kv.json"}
        write_properties(file, own | dict(configuration or {}))

    @property
    def addresses(self) -> Sequence[str]:
        return [f"127.0.0.1:{self.port}"]

    @property
    def remoting(self) -> str:
        return self.addresses[0]

    def wait_ready(self) -> None:
        """Wait until it listens."""
        self.wait_for("The Name Server boot success")


class Several:
    """Some that brokers and clients are told of together: nodes of nsredis, say."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = addresses

    @property
    def remoting(self) -> str:
        return ";".join(self.addresses)
