from nsredis.cli.pulses import BEAT_S, PAUSED_S, SILENT_S, START_S, Pulses


def _heard(*numbers: int) -> Pulses:
    """Workers that were started and were last heard at 100."""
    pulses = Pulses(99)
    for number in numbers:
        pulses.started(number, 99)
        pulses.heard(number, 100)
    return pulses


def _look(pulses: Pulses, begin: float, end: float, *, beating: tuple[int, ...] = ()) -> dict[int, float]:
    """Look once a second from `begin` to `end`; who was found to hang, and when first."""
    found: dict[int, float] = {}
    now = begin
    while now <= end:
        for number in beating:
            pulses.heard(number, now)
        for number in pulses.silent(now):
            found.setdefault(number, now)
        now += BEAT_S
    return found


def test_who_falls_silent_hangs_and_who_beats_does_not() -> None:
    pulses = _heard(1, 2)
    assert _look(pulses, 100, 200, beating=(1,)) == {2: 100 + SILENT_S + BEAT_S}


def test_a_process_has_more_time_to_its_first_beat() -> None:
    pulses = Pulses(99)
    pulses.started(1, 100)
    assert _look(pulses, 100, 200) == {1: 100 + START_S + BEAT_S}
    pulses.started(1, 200)
    pulses.heard(1, 201)
    assert _look(pulses, 201, 300) == {1: 201 + SILENT_S + BEAT_S}


def test_nothing_is_expected_of_one_that_ended() -> None:
    pulses = _heard(1)
    pulses.ended(1)
    pulses.heard(1, 100)
    assert _look(pulses, 100, 200) == {}


def test_after_a_pause_of_the_parent_everybody_has_a_fresh_period() -> None:
    pulses = _heard(1, 2)
    assert _look(pulses, 100, 105) == {}
    woken = 105 + BEAT_S + PAUSED_S + 3600
    assert _look(pulses, woken, woken + SILENT_S, beating=(1,)) == {}
    assert _look(pulses, woken + SILENT_S + BEAT_S, woken + 100, beating=(1,)) == {2: woken + SILENT_S + BEAT_S}


def test_so_it_is_when_the_parent_was_stopped_before_it_ever_looked() -> None:
    assert _look(_heard(1), 200, 205) == {}


def test_one_that_is_told_of_is_told_of_again_only_after_another_period() -> None:
    pulses = _heard(1)
    told = 100 + SILENT_S + BEAT_S
    assert _look(pulses, 100, told) == {1: told}
    assert _look(pulses, told + BEAT_S, 200) == {1: told + SILENT_S + BEAT_S}
