"""The settings of a node: from flags, NSREDIS_ variables and a TOML file."""

from nsredis.client.servers import SERVER_VARIABLE
from nsredis.settings.declarations import Settings, SettingsError, declared, host_port, settings_fields
from nsredis.settings.documents import default_text, example_toml, settings_table_markdown
from nsredis.settings.sources import CONFIG_VARIABLE, PREFIX, as_environment, flag, load_settings, variable

__all__ = [
    "CONFIG_VARIABLE",
    "PREFIX",
    "SERVER_VARIABLE",
    "Settings",
    "SettingsError",
    "as_environment",
    "declared",
    "default_text",
    "example_toml",
    "flag",
    "host_port",
    "load_settings",
    "settings_fields",
    "settings_table_markdown",
    "variable",
]
