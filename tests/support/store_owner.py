"""A program that owns the embedded store of a data directory, and prints the process id of its server."""

import asyncio
import sys
from pathlib import Path

from nsredis.registry.embedded import EmbeddedStore


async def main(data_dir: Path) -> None:
    store = EmbeddedStore(data_dir)
    await store.start()
    print(store.server_pid, flush=True)  # noqa: T201 - it is how the test hears of it
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
