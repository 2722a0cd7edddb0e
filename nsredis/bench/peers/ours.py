"""A node of nsredis and its store, each on its own core."""

import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from nsredis.bench.failures import LoadFailed, PeerMissing
from nsredis.bench.kernel.accounting import Usage, children_of, memory_mib, usage
from nsredis.bench.kernel.cores import Cores
from nsredis.bench.peers.process import READY_S, ServerProcess, free_port, own_environ
from nsredis.registry.server_binary import NoServerBinary, find_server
from nsredis.wire.node_types import NodesAnswer

NAME: Final = "nsredis"


class Store(ServerProcess):
    """A Redis or Valkey that keeps an append-only file, as one does for nsredis."""

    def __init__(self, folder: Path, cores: frozenset[int], *, durable: bool = True, name: str = "store") -> None:
        try:
            binary = find_server()
        except NoServerBinary as error:
            raise PeerMissing(str(error)) from None
        self.about = str(binary)
        port = free_port()
        command = [str(binary.path), "--port", str(port), "--bind", "127.0.0.1", "--dir", ".", "--save", ""]
        command += ["--appendonly", "yes" if durable else "no", "--notify-keyspace-events", "Kx"]
        super().__init__(name, command, folder, cores, port=port)
        self.wait_listening()


class OurNode(ServerProcess):
    """One node, or several workers on its ports. `port` is that of remoting."""

    def __init__(
        self,
        folder: Path,
        cores: frozenset[int],
        store: Store,
        *,
        node_id: str = "bench-1",
        name: str = NAME,
        workers: int = 1,
    ) -> None:
        self._workers = workers
        self.http_port = free_port()
        port = free_port()
        command = [sys.executable, "-m", "nsredis", "serve", "--redis", f"redis://127.0.0.1:{store.port}/0"]
        command += ["--http", self.http, "--remoting", f"127.0.0.1:{port}", "--node-id", node_id, "--data-dir", "."]
        # Nobody else knows this store; and brokers of the load are no real ones, so none is asked whether it lives.
        command += ["--settle-ms", "0", "--log-level", "error", "--probe-brokers", "false"]
        command += ["--workers", str(workers)]
        self.started = time.monotonic()
        super().__init__(name, command, folder, cores, port=port, environ=own_environ(), beside=store)

    @property
    def http(self) -> str:
        """Where its HTTP API listens."""
        return f"127.0.0.1:{self.http_port}"

    def usage(self) -> Usage:
        """Processor time so far, of all workers and of what watches over them."""
        return usage([self.pid, *children_of(self.pid)])

    def peak_mib(self) -> float:
        """The most memory that it ever had; where there are workers, the sum of theirs."""
        return super().peak_mib() + sum(memory_mib(child, "VmHWM") for child in children_of(self.pid))

    def wait_for_workers(self) -> None:
        """Wait until all workers listen and know of each other."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"http://{self.http}/v1/nodes", timeout=5) as answer:
                nodes = msgspec.json.decode(answer.read(), type=NodesAnswer).items
            if sum(node.ready for node in nodes) == self._workers:
                return
            time.sleep(0.05)
        raise LoadFailed(f"{self.name} has not all of its workers: {self.last_words()}")

    def wait_ready(self) -> float:
        """Wait until it is ready; the seconds since its start."""
        deadline = time.monotonic() + READY_S
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"http://{self.http}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return time.monotonic() - self.started
            time.sleep(0.01)
        raise LoadFailed(f"{self.name} is not ready: {self.last_words()}")


@contextmanager
def our_nodes(folder: Path, cores: Cores, count: int = 1) -> Iterator[list[OurNode]]:
    """Nodes on one store: the first has the server's core, further ones run beside the load."""
    with ExitStack() as stack:
        store = stack.enter_context(Store(folder / "store", cores.load))
        nodes = []
        for number in range(1, count + 1):
            place = cores.server if number == 1 else cores.load
            node = OurNode(
                folder, place, store, node_id=f"bench-{number}", name=NAME if number == 1 else f"{NAME} {number}"
            )
            nodes.append(stack.enter_context(node))
        for node in nodes:
            node.wait_ready()
        yield nodes
