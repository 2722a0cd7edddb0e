"""Addresses of peers as text, and which of them are trusted."""

import ipaddress
from collections.abc import Iterable

from nsredis.sockets.accepting import plain_host


def join_address(host: str, port: int) -> str:
    """`host:port`, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_of(address: str) -> str:
    """The host of a `host:port`, without brackets."""
    return plain_host(address.rpartition(":")[0].strip("[]"))


class Networks:
    """Addresses and ranges in CIDR notation. ValueError when one is none."""

    def __init__(self, ranges: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(text.strip()) for text in ranges)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, host: str) -> bool:
        if not self._networks:
            return False
        address = ipaddress.ip_address(host.partition("%")[0])
        return any(address in network for network in self._networks)
