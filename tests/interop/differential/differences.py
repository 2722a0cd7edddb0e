"""Telling whether two answers are the same."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from nsredis.wire.commands import Serialization
from tests.interop.differential.recorder import Answer
from tests.interop.differential.steps import Step

Predicate = Callable[[Step, Answer, Answer], bool]


@dataclass(frozen=True)
class Difference:
    """One difference: whether it explains what the real one and ours answered to a step."""

    name: str
    reason: str
    explains: Predicate


def broker_names(answer: Answer) -> list[str]:
    """The brokerNames in a route; none when there is no route."""
    datas = answer.body.get("brokerDatas", ()) if isinstance(answer.body, dict) else ()
    return [data["brokerName"] for data in datas]


def without_groups(answer: Answer, names: Collection[str]) -> Answer:
    """An answer without what it says of some groups."""
    if not isinstance(answer.body, dict):
        return answer
    body: dict[str, Any] = dict(answer.body)
    for key in ("brokerDatas", "queueDatas"):
        if key in body:
            body[key] = [data for data in body[key] if data["brokerName"] not in names]
    if "brokerAddrTable" in body:
        body["brokerAddrTable"] = {name: data for name, data in body["brokerAddrTable"].items() if name not in names}
    if "clusterAddrTable" in body:
        left = {name: sorted({*found} - {*names, None}) for name, found in body["clusterAddrTable"].items()}
        body["clusterAddrTable"] = {name: found for name, found in left.items() if found}
    return replace(answer, body=body)


def in_the_same_form(real: Answer, ours: Answer) -> tuple[Answer, Answer]:
    """Both without the form of their headers; the binary one knows no empty parameters."""
    if Serialization.ROCKETMQ in (real.form, ours.form):
        real, ours = replace(real, ext=real.ext or None), replace(ours, ext=ours.ext or None)
    return replace(real, form=None), replace(ours, form=None)
