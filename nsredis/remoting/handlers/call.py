"""One request on its way through its handler."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nsredis.remoting.door import Peer
from nsredis.service.doors import Services
from nsredis.wire.codes import ResponseCode
from nsredis.wire.commands import Command


@dataclass(frozen=True, slots=True)
class Call:
    """A request, who sent it, and the verbs that may answer it."""

    services: Services
    request: Command
    peer: Peer

    @property
    def by(self) -> str:
        """Who asks, as events tell it."""
        return f"remoting {self.peer.address}"

    def done(self, *, ext: dict[str, str] | None = None, body: bytes | None = None) -> Command:
        """The response that tells success."""
        return self.request.reply(ResponseCode.SUCCESS, ext=ext, body=body)

    def refused(self, code: ResponseCode, remark: str, *, ext: dict[str, str] | None = None) -> Command:
        """The response that tells another code."""
        return self.request.reply(code, remark=remark, ext=ext)


AnswerNow = Callable[[Call], Command]
"""Answers from memory."""

AnswerLater = Callable[[Call], Awaitable[Command | None]]
"""Answers after asking the store."""
