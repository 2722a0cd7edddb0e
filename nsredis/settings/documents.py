"""What the README and the example file say of the settings, made from their declarations."""

import textwrap
from dataclasses import MISSING, Field
from typing import Any, Final

from nsredis.settings.declarations import declared, settings_fields
from nsredis.settings.sources import flag, variable

WIDTH: Final = 110

HEAD: Final = """\
# Settings of nsredis, with their defaults. Give this file with --config or in NSREDIS_CONFIG.
# NSREDIS_ variables overrule it (NSREDIS_LOG_LEVEL=debug), and flags overrule those (--log-level debug).
"""


def settings_table_markdown() -> str:
    """The table of all settings for the README."""
    lines = ["| setting | default | what it does |", "|---|---|---|"]
    for setting in settings_fields():
        about = declared(setting)
        placeholder = about.placeholder.replace("|", "\\|")
        flag_and_variable = f"`{flag(setting.name)} {placeholder}`<br>`{variable(setting.name)}`"
        default = about.shown or (f"`{value}`" if (value := default_text(setting)) else "")
        lines.append(f"| {flag_and_variable} | {default} | {about.help} |")
    return "\n".join(lines) + "\n"


def example_toml() -> str:
    """A settings file with every setting, its default and its reason, all commented out."""
    parts = [HEAD]
    for setting in settings_fields():
        about = declared(setting)
        text = about.help + (f" Default: {about.shown}." if about.shown else "")
        value = default_text(setting) if setting.type in (int, bool) else f'"{default_text(setting)}"'
        parts.append(
            textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="# ") + f"\n#{setting.name} = {value}\n"
        )
    return "\n".join(parts)


def default_text(setting: Field[Any]) -> str:
    """A setting's default as users write it; an example where it is worked out."""
    if setting.default is MISSING:
        return declared(setting).example
    return str(setting.default).lower() if setting.type is bool else str(setting.default)
