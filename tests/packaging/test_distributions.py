"""What is in the wheel and the sdist, and that an installed nsredis is complete."""

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from nsredis import __version__
from tests.support.processes import CHECKOUT

SCRIPTS = {f"nsredis/lua/{path.relative_to(CHECKOUT / 'lua')}" for path in (CHECKOUT / "lua").rglob("*.lua")}


def _build(source: Path, target: str, folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder], cwd=source, check=True)
    (built,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(CHECKOUT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    built = _build(CHECKOUT, "sdist", folder)
    with tarfile.open(built) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2, Debian 12's, has none
        archive.extractall(folder)
    return folder / f"nsredis-{__version__}"


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if name.startswith("nsredis/")}


def test_the_wheel_has_every_script_and_no_tests(wheel: Path) -> None:
    names = _names(wheel)
    assert names >= SCRIPTS
    assert "nsredis/py.typed" in names
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert tops == {"nsredis", f"nsredis-{__version__}.dist-info"}


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    assert (sdist / "lua" / "register.lua").is_file()
    assert _names(_build(sdist, "wheel", tmp_path)) == _names(wheel)


def test_there_is_no_python_beside_the_scripts() -> None:
    assert not list((CHECKOUT / "lua").rglob("*.py")), "hatchling would refuse an editable install"


def test_an_installed_nsredis_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    # What nsredis needs comes from the environment that runs the tests; its own .pth files do not count there.
    packages = Path(sysconfig.get_path("purelib"))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (home / "lib" / version / "site-packages" / "rest.pth").write_text(f"{packages}\n")

    def output(*command: str | Path) -> str:
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert output(home / "bin" / "nsredis", "--version") == f"nsredis, version {__version__}\n"
    assert output(python, "-m", "nsredis", "--version") == f"nsredis, version {__version__}\n"
    code = "import nsredis; from nsredis.registry.scripts import load_scripts; print(nsredis.__file__, *load_scripts())"
    place, *scripts = output(python, "-c", code).split()
    assert Path(place).is_relative_to(home)
    assert set(scripts) == {path.stem for path in (CHECKOUT / "lua").glob("*.lua")}
