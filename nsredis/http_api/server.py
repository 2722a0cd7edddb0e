"""Listening: the application on its address, and how it goes."""

from aiohttp import web


class HttpServer:
    """One listening address. Bodies come as they were sent: this API inflates them itself, within its limits."""

    def __init__(self, app: web.Application, *, drain_s: float) -> None:
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=drain_s)
        self._site: web.TCPSite | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; the address, with the port that was free when `port` is 0. OSError."""
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, host, port)
        await self._site.start()
        bound: tuple[str, int] = self._runner.addresses[0][:2]
        return bound

    async def stop(self) -> None:
        """Take no new connection, let running requests finish for the time of the drain, then cut them off."""
        await self._runner.cleanup()
