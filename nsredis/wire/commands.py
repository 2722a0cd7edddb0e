"""Commands: the requests and responses of the remoting protocol, from a frame's payload and to a whole frame."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from nsredis.wire import binary_header, json_header
from nsredis.wire.codes import ONE_WAY_FLAG, OUR_VERSION, RESPONSE_FLAG
from nsredis.wire.frames import MalformedFrame

_MAX_HEADER: Final = 0xFFFFFF
_FORM_WORD: Final = 4


class Serialization(IntEnum):
    """The form of a command's header; a response has that of its request."""

    JSON = 0
    ROCKETMQ = 1


@dataclass(slots=True)
class Command:
    """A request or a response (RocketMQ's RemotingCommand).

    `opaque` pairs a response with its request. `ext` holds the parameters, always text. `body` is never empty: absent
    is None. The binary form knows no empty texts, so there an empty remark and empty parameters are lost.
    """

    code: int
    opaque: int = 0
    flag: int = 0
    version: int = 0
    language: str = "JAVA"
    remark: str | None = None
    ext: dict[str, str] | None = None
    body: bytes | None = None
    serialization: Serialization = Serialization.JSON

    @property
    def is_response(self) -> bool:
        return self.flag & RESPONSE_FLAG != 0

    @property
    def one_way(self) -> bool:
        """Whether nothing may be answered, not even an error."""
        return self.flag & ONE_WAY_FLAG != 0

    def reply(
        self, code: int, *, remark: str | None = None, ext: dict[str, str] | None = None, body: bytes | None = None
    ) -> "Command":
        """The response to this request, in the form of its header: clients know only one."""
        return Command(
            code, self.opaque, RESPONSE_FLAG, OUR_VERSION, "JAVA", remark, ext, body or None, self.serialization
        )


def decode(payload: bytes) -> Command:
    """The command in a frame's payload, which is all that follows the length word. MalformedFrame."""
    if len(payload) < _FORM_WORD:
        raise MalformedFrame("a frame ends before its header")
    form, body_at = payload[0], _FORM_WORD + int.from_bytes(payload[1:_FORM_WORD])
    if body_at > len(payload):
        raise MalformedFrame(f"a header of {body_at - _FORM_WORD} bytes does not fit into its frame")
    header, body = payload[_FORM_WORD:body_at], payload[body_at:] or None
    if form == Serialization.JSON:
        return Command(*json_header.read(header), body, Serialization.JSON)
    if form == Serialization.ROCKETMQ:
        return Command(*binary_header.read(header), body, Serialization.ROCKETMQ)
    raise MalformedFrame(f"there is no header form {form}")


def encode(command: Command) -> bytes:
    """The whole frame, its length word included. ValueError when a part is longer than its length field can say."""
    form = json_header if command.serialization is Serialization.JSON else binary_header
    header = form.write(
        command.code,
        command.opaque,
        command.flag,
        command.version,
        command.language,
        command.remark,
        command.ext,
    )
    if len(header) > _MAX_HEADER:
        raise ValueError(f"a header may have at most {_MAX_HEADER} bytes, not {len(header)}")
    body = command.body or b""
    length = _FORM_WORD + len(header) + len(body)
    return b"".join((length.to_bytes(4), (command.serialization << 24 | len(header)).to_bytes(4), header, body))
