"""Configuration that operators read and change over the protocol: codes 318 and 319."""

from collections.abc import Callable, Mapping
from typing import Final

from nsredis.remoting.handlers.call import AnswerLater, AnswerNow, Call
from nsredis.wire import properties
from nsredis.wire.codes import RequestCode, ResponseCode
from nsredis.wire.commands import Command

BLACK_LIST: Final = frozenset({"configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"})
"""What the Java name server never lets anybody change over the protocol."""


class Configuration:
    """Shows the node's configuration without its secrets; lets the namespace's settings be changed, where allowed."""

    def __init__(self, describe: Callable[[], Mapping[str, str]], *, updates_allowed: bool) -> None:
        """`describe`: this node's own configuration as it may be shown to anybody."""
        self._describe = describe
        self._updates_allowed = updates_allowed
        self.now: Final[dict[int, AnswerNow]] = {RequestCode.GET_NAMESRV_CONFIG: self._get}
        self.later: Final[dict[int, AnswerLater]] = {RequestCode.UPDATE_NAMESRV_CONFIG: self._update}

    def _get(self, call: Call) -> Command:
        """Lines of key=value, sorted by key."""
        settings = call.services.queries.settings.as_text()
        return call.done(body=properties.render({**self._describe(), **settings}))

    async def _update(self, call: Call) -> Command:
        """Change settings of the namespace. Other keys are passed over without a word, as in Java."""
        if call.request.body is None:
            return call.done()
        try:
            wanted = properties.parse(call.request.body)
        except ValueError:
            return call.refused(ResponseCode.SYSTEM_ERROR, "string2Properties error")
        if BLACK_LIST & wanted.keys():
            return call.refused(ResponseCode.NO_PERMISSION, "Can not update config in black list.")
        known = call.services.queries.settings.as_text().keys()
        values = {name: value for name, value in wanted.items() if name in known}
        if values and not self._updates_allowed:
            return call.refused(
                ResponseCode.NO_PERMISSION,
                "Settings are not changed over this protocol here: use the HTTP API, or allow it on the node.",
            )
        if values:
            await call.services.admin.put_settings(values, by=call.by)
        return call.done()
