import subprocess
import sys

import pytest
from click.testing import CliRunner

from nsredis import __version__
from nsredis.cli.main import COMMANDS, main

SERVERS = {"serve", "demo", "bench"}


def test_help_lists_every_command() -> None:
    listed = CliRunner().invoke(main, ["--help"]).output
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in listed
        assert text in listed


def test_the_version_is_the_packages() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"nsredis, version {__version__}\n"


def test_an_unknown_command_is_told() -> None:
    run = CliRunner().invoke(main, ["sevre"])
    assert run.exit_code == 2
    assert "sevre" in run.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_explains_itself(name: str) -> None:
    run = CliRunner().invoke(main, [name, "--help"])
    assert run.exit_code == 0, run.output
    assert f"Usage: main {name}" in run.output


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in SERVERS])
def test_client_commands_do_not_import_the_server(name: str) -> None:
    code = (
        "import sys; from nsredis.cli.main import main\n"
        f"main.get_command(None, {name!r})\n"
        "print(*[module for module in ('redis', 'nsredis.registry', 'nsredis.http_api') if module in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from nsredis.cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print('IMPORTED', *[module for module in ('redis', 'aiohttp', 'rich', 'msgspec') if module in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1].split() == ["IMPORTED"]
