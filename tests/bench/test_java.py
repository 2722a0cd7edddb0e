from pathlib import Path

import pytest

from nsredis.bench.failures import PeerMissing
from nsredis.bench.peers.java import JARS_VARIABLE, find_jars, find_later_jars


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of jars."""
    monkeypatch.setenv(JARS_VARIABLE, str(tmp_path))
    for version in ("4.9.7", "5.3.2", "5.3.10", "5.30.0"):
        (tmp_path / f"{version}-x").mkdir()
        (tmp_path / f"{version}-x" / f"rocketmq-namesrv-{version}.jar").touch()
    (tmp_path / "5.9.0-programs").mkdir()
    return tmp_path


def test_the_newest_of_a_release_is_found(releases: Path) -> None:
    assert find_jars("4.9") == ("4.9.7", releases / "4.9.7-x")
    assert find_jars("5.3") == ("5.3.10", releases / "5.3.10-x")
    assert find_later_jars("5", "5.3") == ("5.30.0", releases / "5.30.0-x")
    with pytest.raises(PeerMissing, match=r"no jars of RocketMQ 5\.4 "):
        find_jars("5.4")


def test_a_release_takes_part_once(releases: Path) -> None:
    (releases / "5.30.0-x" / "rocketmq-namesrv-5.30.0.jar").unlink()
    with pytest.raises(PeerMissing, match=r"is 5\.3\.10, which is a 5\.3"):
        find_later_jars("5", "5.3")
