"""A command's header in RocketMQ's binary form (RocketMQSerializable): half the bytes of the JSON form."""

import struct
from typing import Final

from nsredis.wire.codes import LANGUAGES
from nsredis.wire.frames import MalformedFrame

# code, language, version, opaque, flag, length of the remark; all signed, as Java reads them
_FIXED: Final = struct.Struct(">hbhiii")
_SHORT: Final = struct.Struct(">h")
_INT: Final = struct.Struct(">i")
_OTHER: Final = LANGUAGES.index("OTHER")
_LANGUAGE_CODES: Final = {name: code for code, name in enumerate(LANGUAGES)}


def read(header: bytes) -> tuple[int, int, int, int, str, str | None, dict[str, str] | None]:
    """Code, opaque, flag, version, language, remark and parameters. Empty texts are null, as Java reads them.

    MalformedFrame, also where something follows the parameters.
    """
    try:
        code, language, version, opaque, flag, remark_length = _FIXED.unpack_from(header)
        remark, at = _text(header, _FIXED.size, remark_length, "remark")
        (ext_length,) = _INT.unpack_from(header, at)
        at += _INT.size
        if ext_length != len(header) - at:
            raise MalformedFrame(f"{ext_length} bytes of parameters, but {len(header) - at} to the header's end")
        ext = _read_ext(header, at) if ext_length else None
    except struct.error:
        raise MalformedFrame("a binary header ends early") from None
    except UnicodeDecodeError:
        raise MalformedFrame("a binary header has text that is not UTF-8") from None
    name = LANGUAGES[language] if 0 <= language < len(LANGUAGES) else "OTHER"
    return code, opaque, flag, version, name, remark or None, ext


def _read_ext(header: bytes, at: int) -> dict[str, str]:
    ext = {}
    while at < len(header):
        (length,) = _SHORT.unpack_from(header, at)
        key, at = _text(header, at + _SHORT.size, length, "parameter's name")
        (length,) = _INT.unpack_from(header, at)
        value, at = _text(header, at + _INT.size, length, "parameter")
        if key and value:
            ext[key] = value
    return ext


def _text(header: bytes, at: int, length: int, what: str) -> tuple[str, int]:
    """The text and where it ends."""
    if not 0 <= length <= len(header) - at:
        raise MalformedFrame(f"a {what} of {length} bytes does not fit into its header")
    return header[at : at + length].decode(), at + length


def write(
    code: int,
    opaque: int,
    flag: int,
    version: int,
    language: str,
    remark: str | None,
    ext: dict[str, str] | None,
) -> bytes:
    """The header's bytes. ValueError when a parameter's name is longer than 32,767 bytes or a number does not fit."""
    raw_remark = (remark or "").encode()
    raw_ext = b"".join(map(_entry, ext, ext.values())) if ext else b""
    try:
        fixed = _FIXED.pack(code, _LANGUAGE_CODES.get(language, _OTHER), version, opaque, flag, len(raw_remark))
    except struct.error as error:
        raise ValueError(f"a number does not fit into a binary header: {error}") from None
    return b"".join((fixed, raw_remark, _INT.pack(len(raw_ext)), raw_ext))


def _entry(key: str, value: str) -> bytes:
    raw_key, raw_value = key.encode(), value.encode()
    if len(raw_key) > 0x7FFF:
        raise ValueError(f"a parameter's name may have at most {0x7FFF} bytes")
    return b"".join((_SHORT.pack(len(raw_key)), raw_key, _INT.pack(len(raw_value)), raw_value))
