"""What operators change: write permissions (205, 327), topics (216) and settings of the namespace (318, 319)."""

from typing import Final

from nsredis.remoting.handlers.call import AnswerLater, Call
from nsredis.remoting.handlers.parameters import optional, required
from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command


async def wipe_write_perm(call: Call) -> Command:
    """Take the write permission from a group."""
    name = required(call.request, "brokerName")
    count = await call.services.admin.wipe_write(name, by=call.by)
    return call.done(ext={"wipeTopicCount": str(count)})


async def add_write_perm(call: Call) -> Command:
    """Give a group its own permissions back."""
    name = required(call.request, "brokerName")
    count = await call.services.admin.add_write(name, by=call.by)
    return call.done(ext={"addTopicCount": str(count)})


async def delete_topic(call: Call) -> Command:
    """Forget a topic, everywhere or in one cluster; also a success when there is none."""
    topic, cluster = required(call.request, "topic"), optional(call.request, "clusterName")
    await call.services.admin.delete_topic(topic, cluster=cluster, by=call.by)
    return call.done()


LATER: Final[dict[int, AnswerLater]] = {
    RequestCode.WIPE_WRITE_PERM_OF_BROKER: wipe_write_perm,
    RequestCode.ADD_WRITE_PERM_OF_BROKER: add_write_perm,
    RequestCode.DELETE_TOPIC_IN_NAMESRV: delete_topic,
}
