"""Promise 1: no reader sees a part of a registration. All its topics carry its number of queues."""

from tests.histories.lines import History
from tests.histories.looks import Look, looks
from tests.histories.verdict import Verdict


def check(history: History) -> Verdict:
    """Each group in an answer shows exactly the topics of one registration that had begun."""
    verdict = Verdict()
    tables = _tables(history)
    for look in looks(history):
        for name in {name for groups in look.topics.values() for name in groups or ()}:
            problem = _problem(look, name, tables.get(name, {}))
            if not verdict.kept(problem is None):
                verdict.violated(f"{name}: {problem}; {look}")
    return verdict


def _tables(history: History) -> dict[str, dict[int, tuple[float, frozenset[str]]]]:
    """group -> queues -> when a registration with so many was first sent, and its topics."""
    found: dict[str, dict[int, tuple[float, frozenset[str]]]] = {}
    for call in history.verbs("register"):
        if call.args.get("topics"):
            name = call.args["broker"].partition("/")[0]
            found.setdefault(name, {}).setdefault(call.args["number"] + 1, (call.start, frozenset(call.args["topics"])))
    return found


def _problem(look: Look, name: str, tables: dict[int, tuple[float, frozenset[str]]]) -> str | None:
    rows = {topic: groups[name] for topic, groups in look.topics.items() if groups and name in groups}
    numbers = {(read, write) for read, write, _, _ in rows.values()}
    if len(numbers) != 1:
        return f"topics of several registrations at once, {sorted(numbers)}"
    ((read, write),) = numbers
    if read != write or read not in tables:
        return f"{read} and {write} queues, which nobody registered"
    sent, topics = tables[read]
    if sent > look.end:
        return f"registration {read - 1}, which was sent later"
    wanted = topics & look.topics.keys()
    if rows.keys() != wanted:
        return f"of registration {read - 1} the topics {sorted(rows)}, not {sorted(wanted)}"
    if len({perm for _, _, perm, _ in rows.values()}) != 1:
        return "an override on a part of its topics"
    if len({tuple(sorted(addresses.items())) for *_, addresses in rows.values()}) != 1:
        return "other brokers for some of its topics"
    return None
