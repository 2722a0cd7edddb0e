import inspect

from nsredis.core.observer import Observer, SilentObserver


def _methods(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method)
        for name, method in vars(kind).items()
        if inspect.isfunction(method) and name[0] != "_"
    }


def test_the_silent_one_takes_everything_and_says_nothing() -> None:
    assert _methods(SilentObserver) == _methods(Observer)
    silent: Observer = SilentObserver()
    for name, signature in _methods(SilentObserver).items():
        parameters = list(signature.parameters.values())[1:]
        values = {p.name: {int: 1, bool: True}.get(p.annotation, "text") for p in parameters}
        assert getattr(silent, name)(**values) is None
