"""A pair of connections with a view."""

import pytest

from nsredis.view.state import State
from tests.remoting.shortcut.both_ways import Both, filled


@pytest.fixture
def both() -> Both:
    """With a view in which both routes of TopicA are at hand."""
    both = Both()
    state = State(1, "t")
    filled(state)
    both.view.publish(state)
    both.queries.route("TopicA")
    both.queries.legacy_route("TopicA")
    return both
