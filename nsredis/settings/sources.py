"""Where settings come from: a TOML file, overruled by NSREDIS_ variables, overruled by flags."""

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import Field
from pathlib import Path
from typing import Any, Final

from nsredis.client.servers import SERVER_VARIABLE
from nsredis.settings.declarations import Settings, SettingsError, settings_fields

PREFIX: Final = "NSREDIS_"
CONFIG_VARIABLE: Final = "NSREDIS_CONFIG"
"""Names the settings file."""

# What Kubernetes sets in every pod beside a Service called nsredis or nsredis-something.
_SERVICE_LINK: Final = re.compile(r"NSREDIS_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)")


def flag(name: str) -> str:
    """The command line flag of a setting."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def load_settings(flags: Mapping[str, str], environ: Mapping[str, str], config: Path | None = None) -> Settings:
    """Settings from a file (`config`, else $NSREDIS_CONFIG), overruled by the environment, overruled by `flags`."""
    if config is None and environ.get(CONFIG_VARIABLE):
        config = Path(environ[CONFIG_VARIABLE])
    raw: dict[str, tuple[object, str]] = {}
    if config is not None:
        raw |= {name: (value, f"{name} in {config}") for name, value in _read_file(config).items()}
    raw |= {name: (value, variable(name)) for name, value in _read_environment(environ).items()}
    raw |= {name: (value, flag(name)) for name, value in flags.items()}
    values: dict[str, Any] = {
        setting.name: _convert(setting, *raw[setting.name]) for setting in settings_fields() if setting.name in raw
    }
    try:
        return Settings(**values)
    except SettingsError as error:
        raise SettingsError(error.setting, error.rule, raw[error.setting][1] if error.setting in raw else "") from None


def as_environment(settings: Settings) -> dict[str, str]:
    """Variables from which another process loads these same settings."""
    values = {setting.name: getattr(settings, setting.name) for setting in settings_fields()}
    return {
        variable(name): str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()
    }


def _read_file(path: Path) -> dict[str, object]:
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise SettingsError("config", f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("config", f"{path} is not TOML: {error}") from None
    known = {setting.name for setting in settings_fields()}
    for name in table:
        if name not in known:
            raise SettingsError(name, _unknown(name, known), f"{name} in {path}")
    return table


def _read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    known = {variable(setting.name): setting.name for setting in settings_fields()}
    others = {CONFIG_VARIABLE, SERVER_VARIABLE}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known.keys() | others and not _SERVICE_LINK.fullmatch(name):
            raise SettingsError(name, _unknown(name, known))
    return {setting: environ[name] for name, setting in known.items() if name in environ}


def _unknown(name: str, known: Collection[str]) -> str:
    ends = {other.removeprefix(PREFIX): other for other in known}  # what all share would make all near
    near = difflib.get_close_matches(name.removeprefix(PREFIX), ends, n=1)
    return "there is no such setting" + (f"; did you mean {ends[near[0]]}?" if near else "")


def _convert(setting: Field[Any], value: object, place: str) -> object:
    """The value in the setting's type; texts from flags and the environment become numbers, paths, true and false."""
    if setting.type is bool:
        given = {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else value
        if isinstance(given, bool):
            return given
        raise SettingsError(setting.name, "must be true or false", place)
    if setting.type is int:
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip(), re.ASCII):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise SettingsError(setting.name, "must be a whole number", place)
    if not isinstance(value, str):
        raise SettingsError(setting.name, "must be text", place)
    if setting.type is Path:
        if not value:
            raise SettingsError(setting.name, "must not be empty", place)
        return Path(value).expanduser().absolute()
    return value
