"""Which connection a broker registered on last: when that one closes, the broker is a suspect."""

from nsredis.core.brokers import BrokerKey
from nsredis.remoting.door import Peer


class Bindings:
    """Brokers by connection and connections by broker. Several brokers may share a connection."""

    def __init__(self) -> None:
        self._peers: dict[BrokerKey, Peer] = {}
        self._keys: dict[int, set[BrokerKey]] = {}

    def bind(self, key: BrokerKey, peer: Peer) -> None:
        """A broker registered on this connection; an older one no longer speaks for it."""
        self.forget(key)
        self._peers[key] = peer
        self._keys.setdefault(peer.id, set()).add(key)

    def forget(self, key: BrokerKey) -> None:
        """The broker left."""
        peer = self._peers.pop(key, None)
        if peer is not None:
            keys = self._keys[peer.id]
            keys.discard(key)
            if not keys:
                del self._keys[peer.id]

    def peers(self) -> list[Peer]:
        """The connections that speak for brokers."""
        return list({peer.id: peer for peer in self._peers.values()}.values())

    def closed(self, peer: Peer) -> set[BrokerKey]:
        """The connection is gone; the brokers that it spoke for."""
        keys = self._keys.pop(peer.id, set())
        for key in keys:
            del self._peers[key]
        return keys
