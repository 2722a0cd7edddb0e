"""A handler as anybody would write it with aiohttp, with answers made beforehand and an ETag.

python -m nsredis.bench.peers.plain_aiohttp PORT FOLDER
"""

import hashlib
import sys
from pathlib import Path

from nsredis.bench.peers.process import ServerProcess, free_port, own_environ
from nsredis.bench.peers.python_server import run


class PlainAiohttp(ServerProcess):
    """The process. The folder has a file for each topic."""

    def __init__(self, folder: Path, cores: frozenset[int], files: Path) -> None:
        port = free_port()
        command = [sys.executable, "-m", "nsredis.bench.peers.plain_aiohttp", str(port), str(files)]
        self.about = "aiohttp: a route, web.Response of bytes from a dict, ETag, no access log, no middleware"
        super().__init__("aiohttp", command, folder, cores, port=port, environ=own_environ())
        self.wait_listening()


def main(port: str, folder: str) -> None:
    """Serve."""
    from aiohttp import web

    answers: dict[str, tuple[bytes, str]] = {}
    for file in Path(folder).iterdir():
        body = file.read_bytes()
        answers[file.name] = body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'

    async def route(request: web.Request) -> web.Response:
        body, tag = answers[request.match_info["topic"]]
        headers = {"ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def serve() -> object:
        app = web.Application()
        app.router.add_get("/{topic}", route)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(port)).start()
        return runner

    run(serve)


if __name__ == "__main__":
    main(*sys.argv[1:])
