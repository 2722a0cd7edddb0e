"""etcd, asked for keys through its JSON gateway."""

import base64
import json
import urllib.request
from pathlib import Path

from nsredis.bench.peers.process import ServerProcess, free_port, program


class Etcd(ServerProcess):
    """One member that is a cluster of its own."""

    def __init__(self, folder: Path, cores: frozenset[int]) -> None:
        path = program("etcd", "etcd-server")
        port = free_port()
        here, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
        command = [path, "--name", "bench", "--data-dir", str(folder / "etcd-data"), "--log-level", "error"]
        command += ["--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls", peers]
        command += ["--initial-advertise-peer-urls", peers, "--initial-cluster", f"bench={peers}"]
        self.about = "one member, range of one key through the JSON gateway"
        super().__init__("etcd", command, folder, cores, port=port)
        self.wait_listening()

    def call(self, path: str, **fields: str) -> bytes:
        """Ask the gateway; the values go as it wants them."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", gateway_body(**fields))
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body


def gateway_body(**fields: str) -> bytes:
    """The body of a request to the gateway."""
    return json.dumps({name: base64.b64encode(text.encode()).decode() for name, text in fields.items()}).encode()
