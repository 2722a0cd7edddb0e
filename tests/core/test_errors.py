import re

import pytest

from nsredis.core import errors
from nsredis.core.errors import Conflict, InvalidField, NotFound, NsredisError, TopicNotFound, Unavailable

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NsredisError)]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in ALL]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    told = dict(re.findall(r"^ +(\w+) +([a-z-]+)", errors.__doc__ or "", re.MULTILINE))
    assert told == {kind.__name__: kind.code for kind in ALL if kind is not NsredisError}


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind not in (InvalidField, TopicNotFound)])
def test_the_detail_is_what_is_told(kind: type[NsredisError]) -> None:
    error = kind("what is the matter")
    assert (error.detail, str(error)) == ("what is the matter", "what is the matter")


def test_a_broken_rule_names_its_field() -> None:
    error = InvalidField("topics.T.perm", "must be from 0 to 15")
    assert (error.field, error.detail) == ("topics.T.perm", "topics.T.perm: must be from 0 to 15")


def test_a_missing_route_says_why() -> None:
    error = TopicNotFound("T", "deleted")
    assert (error.reason, error.detail) == ("deleted", "no route for topic T: deleted")
    assert isinstance(error, NotFound)


def test_only_what_passes_says_when_to_ask_again() -> None:
    assert {kind for kind in ALL if hasattr(kind, "retry_after_s")} == {
        kind for kind in ALL if issubclass(kind, Unavailable)
    }
    assert not issubclass(Conflict, Unavailable)
