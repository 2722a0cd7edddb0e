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

    def kept(self, promise: object) -> bool:
        """One comparison; whether it came out well."""
        self.checked += 1
        return bool(promise)

    def violated(self, words: str) -> None:
        """It did not: the words say what was seen."""
        self.count += 1
        if len(self.violations) < KEPT:
            self.violations.append(words)


Validator = Callable[[History], Verdict]
