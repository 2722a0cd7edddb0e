"""What the first bytes of a connection tell of the one who speaks."""

from enum import Enum
from typing import Final

PROXY_V1: Final = b"PROXY"
PROXY_V2: Final = b"\r\n\r\n\x00\r\nQUIT\n"
TLS_HANDSHAKE: Final = 0x16
HTTP: Final = (b"GET ", b"HEAD", b"POST", b"PUT ", b"OPTI", b"PRI ")


class Greeting(Enum):
    """What is spoken. A frame's length word can begin like none of the others: it would be too large."""

    FRAMES = "frames"
    PROXY = "PROXY"
    TLS = "TLS"


def read_greeting(data: bytes) -> Greeting:
    """What is spoken, from the bytes that are there; one is enough."""
    if data[:1] in (b"P", b"\r") and (PROXY_V1.startswith(data[:5]) or PROXY_V2.startswith(data[:12])):
        return Greeting.PROXY
    return Greeting.TLS if data[0] == TLS_HANDSHAKE else Greeting.FRAMES


def hint(data: bytes) -> str:
    """What to tell the operator of a connection whose first bytes are no frame; empty when they say nothing."""
    if data.startswith(HTTP):
        return "; it speaks HTTP, which has a port of its own"
    match read_greeting(data) if data else Greeting.FRAMES:
        case Greeting.PROXY:
            return "; it speaks the PROXY protocol, and its address is not in remoting_trusted_proxies"
        case Greeting.TLS:
            return "; it speaks TLS, which is off: see tls_mode and tls_certificate"
        case Greeting.FRAMES:
            return ""
