"""Redis itself, asked with GET for the same answers: what a client would pay that asked the store."""

import socket
from collections.abc import Mapping
from pathlib import Path

from nsredis.bench.failures import LoadFailed
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.peers.ours import Store


class RedisGet(Store):
    """One server with a value for each topic."""

    def __init__(self, folder: Path, cores: frozenset[int]) -> None:
        super().__init__(folder / "redis-get", cores, durable=False, name="Redis GET")
        self.about += ", GET of the same bytes"

    def plan(self, answers: Mapping[str, bytes]) -> Plan:
        """Sets the values, and asks for them at random."""
        requests = []
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            for topic, body in answers.items():
                connection.sendall(_command(b"SET", topic.encode(), body))
                if connection.recv(100) != b"+OK\r\n":
                    raise LoadFailed("Redis does not take a value")
                requests.append(Request(_command(b"GET", topic.encode()), b"$%d\r\n%b\r\n" % (len(body), body)))
        return Plan(Protocol.FIXED, [requests], Order.RANDOM)


def _command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
