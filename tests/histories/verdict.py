"""What a validator says: how much it looked at, and what it found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.histories.lines import History

KEPT: Final = 20
"""Violations that are told of; one cause makes many."""


@dataclass
class Verdict:
    """`checked` counts comparisons: a validator that compared nothing has shown nothing."""

    checked: int = 0
    violations: list[str] = field(default_factory=list)
    count: int = 0

    def expect(self, kept: object, words: Callable[[], str]) -> None:
        """One comparison; the words tell the violation when the promise was not kept."""
        self.checked += 1
        if not kept:
            self.count += 1
            if len(self.violations) < KEPT:
                self.violations.append(words())


Validator = Callable[[History], Verdict]
