import click
import pytest

from nsredis.cli.durations import duration_ms


@pytest.mark.parametrize(
    ("text", "ms"), [("90s", 90_000), ("1h", 3_600_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("250ms", 250)]
)
def test_durations_are_read_as_people_write_them(text: str, ms: int) -> None:
    assert duration_ms(text) == ms


@pytest.mark.parametrize("text", ["", "1", "h", "1y", "1h 30m", "-1h", "1.5h", "\u0661s"])
def test_what_is_no_duration_is_told(text: str) -> None:
    with pytest.raises(click.BadParameter, match="1h30m"):
        duration_ms(text)
