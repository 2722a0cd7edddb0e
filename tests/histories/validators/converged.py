"""After all is quiet, all nodes answer everything with the same bytes."""

from tests.histories.lines import History
from tests.histories.verdict import Verdict


def check(history: History) -> Verdict:
    """The last answer of each node to each question; and that every fault was got over."""
    verdict = Verdict()
    last: dict[str, dict[str, tuple[str, int]]] = {}
    for call in history.verbs("last"):
        mark = call.digest if call.ok or call.status == 404 else f"{call.status} {call.code}"
        last.setdefault(call.args["asked"], {})[call.node.partition(".")[0]] = (mark, call.revision)
    for asked, answers in last.items():
        if not verdict.kept(len({mark for mark, _ in answers.values()}) == 1):
            verdict.violated(f"{asked}: {answers}")
        if not verdict.kept(len({revision for _, revision in answers.values()}) == 1):
            verdict.violated(f"{asked}: revisions {answers}")
    for fault in history.faults:
        if not verdict.kept(fault.healed < 1e9):
            verdict.violated(f"nodes do not follow again after {fault.kind} from {fault.start:.3f} s")
    return verdict
