"""How RocketMQ 4.9.7's name server answers otherwise than 5.4.0's: what the protocol's reference says of it."""

from dataclasses import replace
from typing import Any, Final

from nsredis.wire.codes import RequestCode, ResponseCode
from tests.interop.differential.differences import Difference, without_groups
from tests.interop.differential.recorder import Answer
from tests.interop.differential.steps import Step

SINCE_5: Final = {
    RequestCode.REGISTER_TOPIC_IN_NAMESRV,
    RequestCode.GET_BROKER_MEMBER_GROUP,
    RequestCode.BROKER_HEARTBEAT,
}
"""What RocketMQ 4 does not answer."""

PACKED_5: Final = {"packed", "packed-static", "packed-filters"}
"""Brokers whose compressed bodies have topics with attributes, which 4.x cannot read."""

NOT_IN_4: Final = PACKED_5 | {"slaves-only"}
"""They, and slaves without a master, whose topics 4.x ignores."""

FIELDS_5: Final = ("enableActingMaster", "zoneName", "topicQueueMappingByBroker")
HELP_5: Final = "https://rocketmq.apache.org/docs/bestPractice/06FAQ"
HELP_4: Final = "http://rocketmq.apache.org/docs/faq/"


def as_of_4(answer: Answer) -> Answer:
    """What a 5.x answered, without what no 4.x says, and with the older page of help."""
    remark = answer.remark.replace(HELP_5, HELP_4) if answer.remark else answer.remark
    return replace(answer, remark=remark, body=_without_new_fields(answer.body))


def _without_new_fields(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_new_fields(value) for key, value in content.items() if key not in FIELDS_5}
    if isinstance(content, list):
        return [_without_new_fields(item) for item in content]
    return content


def _unanswered(step: Step, real: Answer, ours: Answer) -> bool:
    unknown = real.code == ResponseCode.REQUEST_CODE_NOT_SUPPORTED or step.code in SINCE_5
    return ours.outcome == "silent" and unknown


def _both_failed(step: Step, real: Answer, ours: Answer) -> bool:
    return real.code == ours.code == ResponseCode.SYSTEM_ERROR and "Exception" in (ours.remark or "")


def _but_for_missing(step: Step, real: Answer, ours: Answer) -> bool:
    return _left(as_of_4(real)) == _left(ours)


def _left(answer: Answer) -> Answer:
    """What an answer says of groups that a 4.x has. Filter servers are by address: whose they are is not seen."""
    left = without_groups(answer, NOT_IN_4)
    return replace(left, body=left.body | {"filterServerTable": None}) if isinstance(left.body, dict) else left


def _packed(step: Step, real: Answer, ours: Answer) -> bool:
    return any(f" {name}/" in step.name for name in PACKED_5) and (real.code, ours.code) == (0, 1)


def _by_its_words(*words: str) -> Any:
    return lambda step, real, ours: not step.about.isdisjoint(words)


OF_4: Final = [
    Difference("unanswered", "4.x answers no request that it does not know", _unanswered),
    Difference("exceptions", "their classes have other names", _both_failed),
    Difference("attributes", "4.x reads no compressed topics with attributes", _packed),
    Difference("not-in-4", "so they are not in the tables", _but_for_missing),
    Difference("frames", "4.x has another decoder", _by_its_words("broken", "proxy", "lenient-header")),
    Difference("single-topics", "4.x takes none", _by_its_words("single-topic")),
    Difference("deleted-topic", "comes back with another data version only", _by_its_words("deleted-topic")),
    Difference("order", "that of hash tables", _by_its_words("system-list")),
    Difference("zones", "4.x knows no zones", _by_its_words("zone")),
    Difference("configuration", "4.x has fewer settings", _by_its_words("configuration", "configuration-update")),
]
