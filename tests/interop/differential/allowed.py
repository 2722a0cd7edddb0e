"""The differences from RocketMQ 5's name server that are allowed, by the names of docs/rocketmq-differences.md."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from nsredis.wire.codes import ResponseCode
from tests.interop.differential.differences import Difference, Predicate, broker_names, without_groups
from tests.interop.differential.recorder import Answer
from tests.interop.differential.steps import Step


def _about(*words: str) -> Predicate:
    return lambda step, real, ours: not step.about.isdisjoint(words)


def _refused(word: str, beginning: str) -> Predicate:
    def explains(step: Step, real: Answer, ours: Answer) -> bool:
        refused = ours.code == ResponseCode.SYSTEM_ERROR and (ours.remark or "").startswith(beginning)
        return word in step.about and refused

    return explains


def _same_but(change: Callable[[Answer], Answer], *words: str) -> Predicate:
    """Equal after a change of both, and the step is about one of some words."""

    def explains(step: Step, real: Answer, ours: Answer) -> bool:
        return not step.about.isdisjoint(words) and change(real) == change(ours)

    return explains


def _without_perms(answer: Answer) -> Answer:
    if not isinstance(answer.body, dict):
        return answer
    datas = [{**data, "perm": None} for data in answer.body.get("queueDatas", ())]
    return replace(answer, body=answer.body | {"queueDatas": datas})


def _without_queues(answer: Answer) -> Answer:
    return replace(answer, body=answer.body | {"queueDatas": None}) if isinstance(answer.body, dict) else answer


def _without_flags(answer: Answer) -> Answer:
    flags = {"enableActingMaster", "zoneName"}
    datas = [{key: value for key, value in data.items() if key not in flags} for data in answer.body["brokerDatas"]]
    return replace(answer, body=answer.body | {"brokerDatas": datas})


def _without_first_broker(answer: Answer) -> Answer:
    body = {key: value for key, value in answer.body.items() if key != "brokerAddr"}
    return replace(answer, body=body)


def _without_empty_names(answer: Answer) -> Answer:
    group = answer.body.get("brokerMemberGroup", {}) if isinstance(answer.body, dict) else {}
    return replace(answer, remark=None, body={key: value for key, value in group.items() if value != ""})


def _but_for_odd_groups(step: Step, real: Answer, ours: Answer) -> bool:
    names = {word.removeprefix("but-for:") for word in step.about if word.startswith("but-for:")}
    if not names:
        return False
    left = without_groups(real, names)
    nobody = ours.code == ResponseCode.TOPIC_NOT_EXIST and not left.body["brokerDatas"]
    return nobody or left == without_groups(ours, names)


def _both_failed(step: Step, real: Answer, ours: Answer) -> bool:
    return "exception" in step.about and real.code == ours.code == ResponseCode.SYSTEM_ERROR and ours.body is None


def _no_empty_table(step: Step, real: Answer, ours: Answer) -> bool:
    if step.about.isdisjoint({"kv-null", "kv-empty-namespace"}) or real.body != {"table": {}}:
        return False
    return ours.code == ResponseCode.QUERY_NOT_FOUND or ours == replace(real, body=None, dialect="")


def _empty_ext(step: Step, real: Answer, ours: Answer) -> bool:
    return real.code != 0 and replace(real, ext=real.ext or None) == ours


OURS: Final = [
    Difference("no-parameters", "an error has no empty parameters, which say nothing", _empty_ext),
    Difference("exception", "errors are worded without names of Java's classes", _both_failed),
    Difference("bad-parameters", "errors name the field", _refused("bad-parameters", "invalid-field: ")),
    Difference(
        "member-group-remark",
        "Java forgets to clear it",
        _same_but(_without_empty_names, "member-group-remark"),
    ),
    Difference("kv-empty-namespace", "there is no namespace without keys", _no_empty_table),
    Difference("kv-bounds", "they are bounded", _refused("kv-bounds", "")),
    Difference("group-flags", "they would flip", _same_but(_without_flags, "group-flags")),
    Difference(
        "deleted-topic",
        "a deletion lasts",
        lambda step, real, ours: "deleted-topic" in step.about and set(broker_names(real)) > set(broker_names(ours)),
    ),
    Difference("same-version", "what a registration says counts", _same_but(_without_queues, "same-version")),
    Difference("unknown-heartbeat", "it says so", _refused("unknown-heartbeat", "broker-not-found: ")),
    Difference("stale-state", "it says so", _refused("stale-state", "stale-state: ")),
    Difference("name-owned", "it says so", _refused("name-owned", "name-owned: ")),
    Difference("nameless-topic", "it says so", _refused("nameless-topic", "invalid-field: ")),
    Difference(
        "sniffed-body",
        "brokers with compressedRegister send it",
        lambda step, real, ours: "sniffed-body" in step.about and (real.code, ours.code) == (1, 0),
    ),
    Difference("odd-groups", "what follows from refusing registrations, or taking them", _but_for_odd_groups),
    Difference("other-name", "a name is part of who a broker is", _about("wrong-name")),
    Difference("configuration", "other settings, and no paths", _about("configuration")),
    Difference("configuration-update", "there is no authentication", _about("configuration-update")),
    Difference("zone-dialect", "the client's dialect", _same_but(lambda answer: replace(answer, dialect=""), "zone")),
    Difference(
        "empty-zone",
        "an empty success stops clients",
        lambda step, real, ours: "zone" in step.about and ours.code == ResponseCode.TOPIC_NOT_EXIST,
    ),
    Difference("order", "Java's order is that of hash tables", _same_but(_without_first_broker, "system-list")),
    Difference("wipe-perm", "an override stays", _same_but(_without_perms, "wipe-perm")),
    Difference("add-perm", "what the broker registered comes back", _same_but(_without_perms, "add-perm")),
    Difference(
        "lenient-header",
        "other clients' headers are read",
        lambda step, real, ours: "lenient-header" in step.about and real.outcome == "closed",
    ),
    Difference(
        "broken-frame",
        "a connection whose frames are broken is closed",
        lambda step, real, ours: "broken" in step.about and (real.outcome, ours.outcome) == ("silent", "closed"),
    ),
    Difference(
        "proxy-header",
        "only from load balancers that are trusted",
        lambda step, real, ours: "proxy" in step.about and ours.outcome == "closed",
    ),
]
