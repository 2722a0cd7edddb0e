"""Explanations: the same words as in the core, camel-case names, and what has nothing to tell left out."""

from typing import get_args, get_type_hints

import msgspec
import pytest

from nsredis.core.explanation import Standing, Verdict
from nsredis.wire import explain_types
from nsredis.wire.explain_types import AnsweringNode, ExplainAnswer, TopicGroupInfo

TYPES = [
    kind
    for kind in vars(explain_types).values()
    if isinstance(kind, type) and kind.__module__ == explain_types.__name__ and not kind.__name__.startswith("_")
]
NODE = AnsweringNode("n", ready=True, problem="", revision=1, stale_ms=0, store_reachable=True)


def test_the_documented_words_are_all_that_there_are() -> None:
    assert set(get_args(get_type_hints(ExplainAnswer)["verdict"])) == set(Verdict)
    assert set(get_args(get_type_hints(TopicGroupInfo)["standing"])) == set(Standing)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_every_type_is_described_and_has_camel_case_names(kind: type[msgspec.Struct]) -> None:
    assert kind.__doc__
    assert all(name[0].islower() and "_" not in name for name in kind.__struct_encode_fields__)


def test_what_has_nothing_to_tell_is_left_out() -> None:
    answer = ExplainAnswer("T", "served", "T is well.", route=True, node=NODE)
    assert set(msgspec.to_builtins(answer)) == {"topic", "verdict", "summary", "route", "node"}


def test_a_field_of_a_later_release_is_overlooked() -> None:
    content = msgspec.to_builtins(ExplainAnswer("T", "served", "T is well.", route=True, node=NODE))
    assert msgspec.convert({**content, "fromTheFuture": 1}, ExplainAnswer).topic == "T"
