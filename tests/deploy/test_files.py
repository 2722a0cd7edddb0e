"""What the tools themselves say of the files that we give to users."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nsredis.cli.endings import STOP_MARGIN_S
from nsredis.settings import Settings, settings_fields, variable
from tests.deploy.balancer import CONFIGURATION, installed
from tests.support.processes import CHECKOUT

DEPLOY = CHECKOUT / "deploy"
UNIT = DEPLOY / "nsredis.service"


def _run(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.installed
def test_haproxy_takes_its_configuration_as_it_is() -> None:
    checked = _run(installed("haproxy"), "-c", "-f", CONFIGURATION)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr


@pytest.mark.installed
def test_compose_takes_its_file() -> None:
    checked = _run(installed("docker-compose"), "-f", DEPLOY / "compose.yaml", "config", "-q")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.installed
def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent) or installed("hadolint")
    checked = _run(hadolint, DEPLOY / "Dockerfile")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.installed
def test_systemd_finds_nothing_in_the_unit(tmp_path: Path) -> None:
    # The program need not be installed where the unit says, so another stands in for it.
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/nsredis/bin/nsredis", sys.executable))
    checked = _run(installed("systemd-analyze"), "verify", "--man=no", copy)
    assert checked.returncode == 0
    assert checked.stderr == "", "it returns 0 even for a directive that does not exist"


@pytest.mark.installed
def test_the_unit_is_hardened() -> None:
    checked = _run(installed("systemd-analyze"), "security", "--offline=true", "--threshold=20", UNIT)
    assert checked.returncode == 0, checked.stdout


def test_the_unit_does_not_kill_a_node_that_drains() -> None:
    limit = re.search(r"^TimeoutStopSec=(\d+)s$", UNIT.read_text(), re.MULTILINE)
    assert limit is not None
    behind_a_balancer = Settings(drain_wait_ms=3000)
    drain_s = (behind_a_balancer.drain_wait_ms + behind_a_balancer.drain_ms) / 1000
    assert float(limit[1]) > drain_s + STOP_MARGIN_S


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_variables_that_are_set_for_nodes_are_settings(name: str) -> None:
    text = (DEPLOY / name).read_text().partition("\n  balancer:")[0]  # whose variables are those of haproxy.cfg
    known = {variable(setting.name) for setting in settings_fields()}
    found = set(re.findall(r"\bNSREDIS_[A-Z0-9_]+\b(?=[=:])", text))
    assert found
    assert found <= known


def test_compose_gives_the_balancer_every_address_it_asks_for() -> None:
    asked = set(re.findall(r"\bNSREDIS_\d_[A-Z]+\b", CONFIGURATION.read_text()))
    given = set(re.findall(r"\bNSREDIS_\d_[A-Z]+\b(?=:)", (DEPLOY / "compose.yaml").read_text()))
    assert asked == given
    assert len(asked) == 6


def test_the_image_is_built_from_files_that_exist_and_that_the_builder_is_sent() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in lines for source in line.split()[:-1]}
    sent = set(re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE))
    assert sources == sent
    for source in sources:
        assert (CHECKOUT / source).exists(), source
