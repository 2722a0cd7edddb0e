"""All validators, by the promise that each watches over."""

from typing import Final

from tests.histories.lines import History
from tests.histories.validators import (
    atomic,
    brake,
    converged,
    fenced,
    last_word,
    linearizable,
    lower_bound,
    never_empty,
    one_order,
    overrides,
    same_bytes,
    store_trouble,
    upper_bound,
    watches,
)
from tests.histories.verdict import Validator, Verdict

VALIDATORS: Final[dict[str, Validator]] = {
    "1 atomic": atomic.check,
    "2 one order": one_order.check,
    "3 same answer everywhere": same_bytes.check,
    "4 lower bound": lower_bound.check,
    "5 upper bound": upper_bound.check,
    "6 fenced": fenced.check,
    "7 store trouble": store_trouble.check,
    "8 never empty": never_empty.check,
    "9 brake": brake.check,
    "watches lose nothing": watches.check,
    "keys linearizable": linearizable.check,
    "overrides hold": overrides.check,
    "last word stays": last_word.check,
    "converged": converged.check,
}


def check_all(history: History) -> dict[str, Verdict]:
    """What each validator says."""
    return {name: check(history) for name, check in VALIDATORS.items()}
