"""Ports on which a broker listens, or listens no more, or never answers."""

import socket


class Listener:
    """A port that takes connections, as the kernel does it: nobody need accept."""

    def __init__(self, backlog: int = 128, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.bind((host, 0))
        self.socket.listen(backlog)
        self.port: int = self.socket.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def close(self) -> None:
        """From now on the port refuses."""
        self.socket.close()


class DeafListener(Listener):
    """A port whose queue is full: the kernel drops whoever comes, without a word."""

    def __init__(self) -> None:
        super().__init__(backlog=0)
        self._crowd = [socket.socket() for _ in range(8)]
        for client in self._crowd:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self.port))

    def close(self) -> None:
        for client in self._crowd:
            client.close()
        super().close()
