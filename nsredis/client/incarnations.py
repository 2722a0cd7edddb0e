"""Which process a broker's registration belongs to."""

import os
import secrets
import socket

from nsredis.wire.api_types import BrokerInfo


def new_instance() -> str:
    """A text that no other process has: host, process id and a random part."""
    return f"{socket.gethostname()[:200]}-{os.getpid()}-{secrets.token_hex(4)}"


def superseded(holder: BrokerInfo, *, instance: str, epoch: int) -> bool:
    """Whether the id that we registered with `epoch` belongs to another process by now.

    A store that lost its last writes may hold an older registration, ours or another's; none that came after us.
    """
    return holder.state != "offline" and holder.instance != instance and holder.epoch > epoch
