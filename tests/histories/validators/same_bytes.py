"""Promise 3: the same revision gives the same bytes, whichever node is asked, and whichever door."""

from collections.abc import Iterator

from tests.histories import disturbances
from tests.histories.lines import Call, History
from tests.histories.verdict import Verdict


def check(history: History) -> Verdict:
    """Digests by revision and question; revisions of one history only are compared with each other."""
    verdict = Verdict()
    seen: dict[tuple[int, int, str], tuple[str, str]] = {}
    failovers = [loss for loss in disturbances.losses(history) if loss.kind in disturbances.FAILOVERS]
    for at, revision, question, mark, who in _answers(history):
        if any(loss.start <= at <= loss.healed for loss in failovers):
            continue  # nobody can tell which history the answer is of
        epoch = sum(loss.start < at for loss in failovers)
        known, first = seen.setdefault((epoch, revision, question), (mark, who))
        if not verdict.kept(known == mark):
            verdict.violated(f"{question} at revision {revision} differs: {first} and {who}")
    return verdict


def _answers(history: History) -> Iterator[tuple[float, int, str, str, str]]:
    for call in history.calls:
        if call.revision and call.ok and call.digest:
            question = _question(call)
            if question:
                yield call.end, call.revision, question, call.digest, f"{call.connection} at {call.start:.3f} s"
    for told in history.told:
        if told.subject.startswith("topic:"):
            yield told.at, told.revision, told.subject, told.digest, f"{told.connection} at {told.at:.3f} s"


def _question(call: Call) -> str:
    match call.verb:
        case "route":
            return f"topic:{call.args['topic']}"
        case "routes":
            return f"topics:{','.join(call.args['topics'])}"
        case "kv-read" | "kv-get":
            return f"kv:{call.args['key']}"
        case "topics" | "clusters" | "brokers":
            return call.verb
        case "last":
            return str(call.args["asked"])
    return ""
