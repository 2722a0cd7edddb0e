"""A primary with replicas, and Sentinels that watch over them: real processes on loopback."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from redis.asyncio import Redis

from nsredis.registry.server_binary import ServerBinary
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.store_process import StoreProcess

NAME = "mymaster"
DOWN_AFTER_MS = 1000
SENTINELS = 3


class SentinelProcess(StoreProcess):
    """One Sentinel. It rewrites its file, so it gets one of its own."""

    def __init__(
        self, folder: Path, binary: ServerBinary, primary: StoreProcess, tls: Mapping[str, str], lines: Sequence[str]
    ) -> None:
        super().__init__(folder, binary, config=own_port(tls))
        self._lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            *(f"{name} {value}" for name, value in self.config.items() if name.startswith("tls-")),
            f"sentinel monitor {NAME} 127.0.0.1 {primary.peer_port} 2",
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {NAME} 5000",
            *lines,
        ]

    @property
    def arguments(self) -> list[str]:
        return ["sentinel.conf", "--sentinel"]

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "sentinel.conf"
        if not file.exists():
            file.write_text("\n".join(self._lines) + "\n")
        super().start()


def own_port(tls: Mapping[str, str]) -> dict[str, str]:
    """The options of TLS with a port for one process; none without TLS."""
    return {**tls, "tls-port": str(free_port())} if tls else {}


class SentinelGroup:
    """`stores[0]` is the primary at first. `config` holds for each store, `sentinel_lines` for each Sentinel, `tls` for
    all."""

    def __init__(
        self,
        folder: Path,
        binary: ServerBinary,
        *,
        replicas: int = 1,
        config: Mapping[str, str] | None = None,
        tls: Mapping[str, str] | None = None,
        sentinel_lines: Sequence[str] = (),
    ) -> None:
        settings = {
            "notify-keyspace-events": "Kx",
            "repl-diskless-sync-delay": "0",
            "repl-ping-replica-period": "1",
            "user": "replica on >replica +psync +replconf +ping",
            "masteruser": "replica",
            "masterauth": "replica",
            **(config or {}),
        }
        tls = {**tls, "tls-replication": "yes"} if tls else {}
        primary = StoreProcess(folder / "store0", binary, config={**settings, **own_port(tls)})
        follow = {**settings, "replicaof": f"127.0.0.1 {primary.peer_port}"}
        self.stores = [primary] + [
            StoreProcess(folder / f"store{i}", binary, config={**follow, **own_port(tls)})
            for i in range(1, replicas + 1)
        ]
        self.sentinels = [
            SentinelProcess(folder / f"sentinel{i}", binary, primary, tls, sentinel_lines) for i in range(SENTINELS)
        ]

    @property
    def primary(self) -> StoreProcess:
        return self.stores[0]

    @property
    def hosts(self) -> str:
        """The Sentinels, as a URL lists them."""
        return ",".join(f"127.0.0.1:{sentinel.peer_port}" for sentinel in self.sentinels)

    @property
    def url(self) -> str:
        return f"redis+sentinel://{self.hosts}/{NAME}"

    async def start(self) -> None:
        """Start all and wait until every Sentinel knows the replicas and the other Sentinels."""
        for process in (*self.stores, *self.sentinels):
            process.start()
        for sentinel in self.sentinels:
            async with Redis.from_url(sentinel.url, protocol=2) as client:

                async def knows_all(client: Redis = client) -> bool:
                    reply = await client.execute_command("SENTINEL", "MASTER", NAME)  # type: ignore[no-untyped-call]
                    about = dict(zip(reply[::2], reply[1::2], strict=True))
                    replicas = await client.execute_command("SENTINEL", "REPLICAS", NAME)  # type: ignore[no-untyped-call]
                    linked = [dict(zip(one[::2], one[1::2], strict=True))[b"master-link-status"] for one in replicas]
                    return (
                        linked == [b"ok"] * (len(self.stores) - 1)
                        and int(about[b"num-other-sentinels"]) == SENTINELS - 1
                        and about[b"flags"] == b"master"
                    )

                await eventually(knows_all, 30, what="the Sentinel knows all", every_s=0.05)

    async def cut_replication(self) -> None:
        """Let no replica hear from the primary any more, though all live: what is written now is lost with it."""
        async with Redis.from_url(self.primary.url) as client:
            await client.execute_command("ACL", "SETUSER", "replica", "off")  # type: ignore[no-untyped-call]
            await client.execute_command("CLIENT", "KILL", "TYPE", "REPLICA")  # type: ignore[no-untyped-call]

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End every process."""
        for process in (*self.sentinels, *self.stores):
            process.kill9()
