"""HAProxy's PROXY protocol, versions 1 and 2: who really connected, told before the first frame."""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Final

from nsredis.wire.frames import MalformedFrame

_TEXT: Final = b"PROXY"
_BINARY: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_MAX_LINE: Final = 107  # of version 1, its line end included
_HEAD: Final = struct.Struct(">12sBBH")
_TLV: Final = struct.Struct(">BH")
_LOCAL: Final = 0
_PROXY: Final = 1
_ADDRESS_BYTES: Final = {1: 4, 2: 16}  # by family: IPv4, IPv6


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """Addresses as `host:port`, IPv6 in brackets; empty where the proxy speaks for itself or does not know.

    `length`: the bytes of the header, to be skipped. `tlvs`: what version 2 adds, by type.
    """

    source: str
    destination: str
    length: int
    tlvs: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class NeedMore:
    """The bytes so far may become a header."""


@dataclass(frozen=True, slots=True)
class NotProxy:
    """Whatever follows, this is no header."""


def parse(buffer: bytes) -> ProxyHeader | NeedMore | NotProxy:
    """The header that a connection's first bytes hold. MalformedFrame when it is broken.

    Keep feeding all bytes of the connection until the answer is not NeedMore; a header has at most 65,551 bytes.
    """
    if buffer.startswith(_BINARY):
        return _parse_binary(buffer)
    if buffer.startswith(_TEXT):
        return _parse_text(buffer)
    if _BINARY.startswith(buffer) or _TEXT.startswith(buffer):
        return NeedMore()
    return NotProxy()


def _parse_text(buffer: bytes) -> ProxyHeader | NeedMore:
    end = buffer.find(b"\r\n", 0, _MAX_LINE)
    if end < 0:
        if len(buffer) < _MAX_LINE:
            return NeedMore()
        raise MalformedFrame(f"a PROXY line has more than {_MAX_LINE} bytes")
    words = buffer[:end].decode("latin-1").split(" ")
    if words[:2] == ["PROXY", "UNKNOWN"]:
        return ProxyHeader("", "", end + 2)
    if len(words) != 6 or words[0] != "PROXY" or words[1] not in ("TCP4", "TCP6"):
        raise MalformedFrame("a PROXY line must be: PROXY TCP4|TCP6 source destination source-port destination-port")
    version = int(words[1][-1])
    source, destination = (_named(words[at], words[at + 2], version) for at in (2, 3))
    return ProxyHeader(source, destination, end + 2)


def _named(host: str, port: str, version: int) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise MalformedFrame("a PROXY line has an address that is none") from None
    if address.version != version or "%" in host:
        raise MalformedFrame(f"a PROXY line has an address that is none of IPv{version}")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise MalformedFrame("a PROXY line has a port that is none")
    return _host_port(address, int(port))


def _host_port(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _parse_binary(buffer: bytes) -> ProxyHeader | NeedMore:
    if len(buffer) < _HEAD.size:
        return NeedMore()
    _, version_and_command, family_and_transport, rest = _HEAD.unpack_from(buffer)
    version, command = version_and_command >> 4, version_and_command & 0xF
    if version != 2 or command not in (_LOCAL, _PROXY):
        raise MalformedFrame(f"a PROXY header has version and command {version_and_command:#x}")
    length = _HEAD.size + rest
    if len(buffer) < length:
        return NeedMore()
    size = _ADDRESS_BYTES.get(family_and_transport >> 4)
    if command == _LOCAL or size is None:
        return ProxyHeader("", "", length)
    if rest < 2 * size + 4:
        raise MalformedFrame(f"a PROXY header of {rest} bytes is too short for its addresses")
    at = _HEAD.size
    source, destination = (ipaddress.ip_address(buffer[start : start + size]) for start in (at, at + size))
    at += 2 * size
    source_port, destination_port = struct.unpack_from(">HH", buffer, at)
    tlvs = _tlvs(buffer[at + 4 : length])
    return ProxyHeader(_host_port(source, source_port), _host_port(destination, destination_port), length, tlvs)


def _tlvs(raw: bytes) -> tuple[tuple[int, bytes], ...]:
    found, at = [], 0
    while at < len(raw):
        if len(raw) - at < _TLV.size:
            raise MalformedFrame("a PROXY header ends inside an addition")
        kind, length = _TLV.unpack_from(raw, at)
        at += _TLV.size
        if length > len(raw) - at:
            raise MalformedFrame("a PROXY header ends inside an addition")
        found.append((kind, raw[at : at + length]))
        at += length
    return tuple(found)
