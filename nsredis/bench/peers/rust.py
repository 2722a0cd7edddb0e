"""The name server of rocketmq-rust, where it was built: `cargo install rocketmq-namesrv`."""

import os
import shutil
from pathlib import Path
from typing import Final

from nsredis.bench.failures import PeerMissing
from nsredis.bench.peers.process import ServerProcess, free_port

VARIABLE: Final = "NSREDIS_BENCH_RUST"
BINARY: Final = "rocketmq-namesrv-rust"


class RustNameServer(ServerProcess):
    """One name server of rocketmq-rust."""

    def __init__(self, folder: Path, cores: frozenset[int]) -> None:
        path = os.environ.get(VARIABLE) or shutil.which(BINARY, path=f"{os.environ.get('PATH', '')}:{_cargo()}")
        if not path:
            raise PeerMissing(f"there is no {BINARY} on PATH or in {VARIABLE} (cargo install rocketmq-namesrv)")
        home = folder / "rust"
        home.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.about = "rocketmq-rust's name server, release build"
        command = [path, "--listenPort", str(port), "--bindAddress", "127.0.0.1", "--rocketmqHome", str(home)]
        environ = {**os.environ, "ROCKETMQ_HOME": str(home), "HOME": str(home), "RUST_LOG": "error"}
        super().__init__("Rust", command, home, cores, port=port, environ=environ)
        self.wait_listening()


def _cargo() -> Path:
    return Path.home() / ".cargo" / "bin"
