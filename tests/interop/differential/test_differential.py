"""The same requests to RocketMQ's name server and to ours: the answers are the same but for what is allowed by name."""

from pathlib import Path

import pytest

from tests.interop.differential.allowed import OURS
from tests.interop.differential.allowed_4 import OF_4, SINCE_5, as_of_4
from tests.interop.differential.differences import Difference, in_the_same_form
from tests.interop.differential.fresh import fresh
from tests.interop.differential.recorder import Answer, play
from tests.interop.differential.steps import Step, Story
from tests.interop.differential.stories import STORIES
from tests.support.processes import CHECKOUT
from tests.support.store_process import StoreProcess

ALLOWED: dict[str, list[Difference]] = {"java-5": [], "java-4": OF_4, "nsredis": OURS}
PAGE = CHECKOUT / "docs" / "rocketmq-differences.md"

# What a 4.x does otherwise in the others is most of what 5.x brought: nothing would be compared.
TOLD_TO_4 = {"kv-json", "kv-rocketmq", "registrations-json", "routes-json", "topics-json", "frames-json"}
# One of each kind is enough to see that the real one answers the same twice.
TOLD_TWICE = {story.name for story in STORIES if story.name.endswith(("-json", "drawn-1"))}

TELLINGS = [
    pytest.param(story, other, id=f"{story}-{other}")
    for story in STORIES
    for other in ALLOWED
    if other == "nsredis" or story.name in (TOLD_TO_4 if other == "java-4" else TOLD_TWICE)
]

_real: dict[str, list[Answer]] = {}


def _answers(kind: str, story: Story, folder: Path, store: StoreProcess) -> list[Answer]:
    with fresh(kind, folder, story.settings, store.url) as address:
        return play(address, story, SINCE_5 if kind == "java-4" else ())


def _unexplained(kind: str, step: Step, real: Answer, other: Answer) -> str:
    """What differs and is not allowed; empty when nothing does."""
    if kind != "java-5":
        real, other = in_the_same_form(real, other)
    if kind == "java-4":
        real = as_of_4(real)
    if real == other or any(difference.explains(step, real, other) for difference in ALLOWED[kind]):
        return ""
    return f"{step.name}\n  RocketMQ 5: {real}\n  {kind}: {other}"


@pytest.mark.parametrize(("story", "other"), TELLINGS)
def test_it_answers_as_the_real_one(story: Story, other: str, tmp_path: Path, store_server: StoreProcess) -> None:
    if story.name not in _real:  # once for all that are compared with it
        _real[story.name] = _answers("java-5", story, tmp_path, store_server)
    answers = _answers(other, story, tmp_path, store_server)
    compared = zip(story.steps, _real[story.name], answers, strict=True)
    differing = [words for step, real, ours in compared if (words := _unexplained(other, step, real, ours))]
    assert not differing, "\n".join(["", *differing])


def test_every_allowed_difference_is_on_the_page() -> None:
    page = PAGE.read_text()
    assert [difference.name for difference in OURS if f"`{difference.name}`" not in page] == []
