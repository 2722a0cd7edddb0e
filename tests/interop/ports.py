"""Ports for RocketMQ's processes."""

import socket

from tests.support.ports import of_this_worker

FIRST, LAST = 20_004, 31_999
_ports = of_this_worker(FIRST, LAST, 4)


def free_broker_port() -> int:
    """A port that is free, as are those that a broker takes beside it: two before and one behind.

    They lie below those that outgoing connections are given, so that none takes one of them before the broker does.
    """
    return next(port for port in _ports if all(map(_is_free, (port - 2, port, port + 1))))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def listens(address: str) -> bool:
    """Whether somebody accepts connections at an address."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True
