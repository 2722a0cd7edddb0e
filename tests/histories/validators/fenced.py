"""Promise 6: what an old incarnation says does nothing to the new one."""

from tests.histories.lines import Call, History
from tests.histories.lives import Window, own_calls, windows
from tests.histories.verdict import Verdict


def check(history: History) -> Verdict:
    """Epochs grow from one incarnation to the next; late words are refused while the new one lives."""
    verdict = Verdict()
    found, calls = windows(history), own_calls(history)
    for broker, its in calls.items():
        _epochs_grow(broker, its, verdict)
    for late in history.verbs("leave", "beat"):
        if late.args.get("late"):
            broker = late.args["broker"]
            newer = _newer(late, calls[broker], found[broker])
            if newer is not None and not verdict.kept(not late.ok):
                said = f"{late.verb} of epoch {late.args['epoch']} of {broker}"
                verdict.violated(f"{said} is a success at {late.start:.3f} s, while epoch {newer} lives")
    return verdict


def _epochs_grow(broker: str, calls: list[Call], verdict: Verdict) -> None:
    epoch = instance = 0
    for call in calls:
        if call.verb == "register" and call.ok and call.body:
            present, now = call.body["epoch"], call.args["instance"]
            kept = present > epoch if now != instance else present >= epoch
            if not verdict.kept(kept):
                verdict.violated(f"{broker} has epoch {call.body['epoch']} at {call.start:.3f} s after epoch {epoch}")
            epoch, instance = present, now


def _newer(late: Call, calls: list[Call], windows: list[Window]) -> int | None:
    """The epoch that was there all the time of this call, if it is a newer one."""
    if not any(window.since <= late.start and late.end <= window.until for window in windows):
        return None
    epochs = [
        call.body["epoch"]
        for call in calls
        if call.verb == "register" and call.ok and call.body and call.end < late.start
    ]
    return epochs[-1] if epochs and epochs[-1] > late.args["epoch"] else None
