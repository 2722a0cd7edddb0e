"""The two front doors put on their addresses, as the settings say."""

import asyncio
import socket
from typing import Final

from nsredis import __version__
from nsredis.http_api.app import build_app
from nsredis.http_api.bodies import BodyLimits
from nsredis.http_api.server import HttpLimits, HttpServer
from nsredis.metrics import Metrics
from nsredis.remoting.addresses import Networks, join_address
from nsredis.remoting.limits import Limits
from nsredis.remoting.name_server import NameServer
from nsredis.remoting.opening import Tls
from nsredis.remoting.route_shortcut import ROUTE, RouteShortcut
from nsredis.remoting.server import RemotingServer
from nsredis.service.doors import Services
from nsredis.settings import Settings, host_port
from nsredis.sockets.file_limit import connections_for, raise_file_limit, shares
from nsredis.tls import Certificates, TlsFiles

ANY_HOST: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - told apart, not listened on


class FrontDoors:
    """HTTP and remoting on their addresses. Start them once, drain and stop them once; on one event loop."""

    def __init__(self, settings: Settings, metrics: Metrics, store_description: str) -> None:
        self.http_address = ""
        self.remoting_address = ""
        self._settings = settings
        self._metrics = metrics
        self._store_description = store_description
        self._http: HttpServer | None = None
        self._remoting: RemotingServer | None = None
        self._name_server: NameServer | None = None
        self._watching: asyncio.Task[None] | None = None

    async def open(self, services: Services) -> None:
        """Listen on both addresses. OSError when one cannot be listened on, InvalidField when a certificate is bad."""
        settings = self._settings
        shared = settings.workers > 1
        tls = await self._tls()
        room = connections_for(raise_file_limit())
        http, remoting = shares(room, settings.http_max_connections, settings.remoting_max_connections)
        self._http = self._http_server(services, http)
        self.http_address = join_address(*await self._http.start(*host_port(settings.http), shared=shared))
        self._remoting = self._remoting_server(services, tls, remoting)
        self.remoting_address = join_address(*await self._remoting.start(*host_port(settings.remoting), shared=shared))

    def _http_server(self, services: Services, connections: int) -> HttpServer:
        settings = self._settings
        read_s = settings.http_read_ms / 1000
        limits = BodyLimits(settings.max_body_mib << 20, settings.max_inflated_mib << 20, read_s)
        app = build_app(services, self._metrics, self._metrics.text, limits=limits, nsaddr=settings.nsaddr)
        return HttpServer(
            app,
            HttpLimits(connections=connections, head_s=read_s, idle_s=settings.http_idle_ms / 1000),
            drain_s=settings.drain_ms / 1000,
        )

    def _remoting_server(self, services: Services, tls: Tls | None, connections: int) -> RemotingServer:
        settings = self._settings
        self._name_server = NameServer(
            services,
            self._describe,
            updates_allowed=settings.remoting_settings,
            max_inflated=settings.max_inflated_mib << 20,
        )
        return RemotingServer(
            self._name_server,
            self._metrics,
            Limits(
                idle_s=settings.remoting_idle_ms / 1000,
                connections=connections,
                per_address=settings.remoting_max_per_address,
            ),
            drain_s=settings.drain_ms / 1000,
            trusted=Networks(filter(None, settings.remoting_trusted_proxies.split(","))),
            tls=tls,
            shortcut=RouteShortcut(services.queries, self._metrics.command_counter(ROUTE)),
        )

    async def _tls(self) -> Tls | None:
        settings = self._settings
        mode = settings.effective_tls_mode
        if mode == "disabled":
            return None
        files = TlsFiles(
            certificate=settings.tls_certificate,
            key=settings.tls_key,
            key_password_file=settings.tls_key_password_file,
            client_ca=settings.tls_client_ca,
            client_auth=settings.tls_client_auth,
        )
        certificates = await asyncio.to_thread(Certificates, files)
        self._watching = asyncio.create_task(certificates.watch(), name="certificates")
        return Tls(certificates.context, enforced=mode == "enforcing")

    def _describe(self) -> dict[str, str]:
        """What may be told to anybody who asks for the configuration: no password, no path."""
        settings = self._settings
        host, _, port = self.remoting_address.rpartition(":")
        return {
            "bindAddress": host,
            "listenPort": port,
            "serverChannelMaxIdleTimeSeconds": str(settings.remoting_idle_ms // 1000),
            "http": self.http_address,
            "namespace": settings.namespace,
            "nodeId": settings.node_id,
            "redis": self._store_description,
            "tlsMode": settings.effective_tls_mode,
            "version": f"nsredis {__version__}",
        }

    def advertised(self) -> tuple[str, str]:
        """The HTTP and the remoting address under which others reach this node."""
        settings = self._settings
        return (
            settings.advertise_http or _reachable(self.http_address),
            settings.advertise_remoting or _reachable(self.remoting_address),
        )

    def send_brokers_away(self) -> None:
        """Close the connections of brokers, so that they beat at a node that can hear them."""
        if self._name_server is not None:
            self._name_server.send_brokers_away()

    def send_away(self) -> None:
        """Tell RocketMQ's clients that know it to go to another node, when they ask."""
        if self._remoting is not None:
            self._remoting.send_away()

    async def drain(self) -> None:
        """Take no new connection, let what runs finish within the time of the drain, and close."""
        doors = [door for door in (self._http and self._http.stop(), self._remoting and self._remoting.drain()) if door]
        await asyncio.gather(*doors)

    async def close(self) -> None:
        """Cut off whatever is left."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        if self._remoting is not None:
            await self._remoting.stop()


def _reachable(address: str) -> str:
    """The address under which others reach it: this host's name where it listens on every interface."""
    host, _, port = address.rpartition(":")
    return f"{socket.gethostname()}:{port}" if host.strip("[]") in ANY_HOST else address
