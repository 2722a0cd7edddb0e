"""Our errors in RocketMQ's words: a response code and a remark."""

from typing import Final

from nsredis.core.errors import NotReady, NsredisError, TopicNotFound
from nsredis.wire.codes import ResponseCode
from nsredis.wire.commands import Command

NOT_READY: Final = "name server not ready"
FAQ: Final = "https://rocketmq.apache.org/docs/bestPractice/06FAQ"


def refusal(request: Command, error: NsredisError) -> Command:
    """The response that tells an error.

    TOPIC_NOT_EXIST (17) is said only when it is known: clients look for the default topic then. Whatever a node does
    not know, or cannot do now, is SYSTEM_ERROR (1): clients and brokers keep what they have, and ask again.
    """
    if isinstance(error, TopicNotFound):
        return request.reply(ResponseCode.TOPIC_NOT_EXIST, remark=no_route(error.topic))
    if isinstance(error, NotReady):
        return request.reply(ResponseCode.SYSTEM_ERROR, remark=f"{NOT_READY}: {error.detail}")
    return request.reply(ResponseCode.SYSTEM_ERROR, remark=f"{error.code}: {error.detail}")


def no_route(topic: str) -> str:
    """What the Java name server remarks when a topic has no route."""
    return f"No topic route info in name server for the topic: {topic}\nSee {FAQ} for further details."
