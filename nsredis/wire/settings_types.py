"""Bodies of the API for the settings of a namespace, made from their declarations."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from nsredis.core.namespace_settings import SETTINGS, Setting


def _kind(setting: Setting) -> Any:
    about = f"{setting.help} By default {str(setting.default).lower()}."
    if setting.is_switch:
        return Annotated[bool, Meta(description=about)]
    return Annotated[int, Meta(description=about, ge=setting.least, le=setting.most)]


SettingsAnswer: Final[type[Struct]] = defstruct(
    "SettingsAnswer",
    [(setting.field, _kind(setting)) for setting in SETTINGS.values()],
    rename="camel",
    module=__name__,
    namespace={"__doc__": "The settings of the namespace as they are."},
)

SettingsBody: Final[type[Struct]] = defstruct(
    "SettingsBody",
    [(setting.field, _kind(setting) | None | UnsetType, UNSET) for setting in SETTINGS.values()],
    rename="camel",
    forbid_unknown_fields=True,
    module=__name__,
    namespace={"__doc__": "Settings to change; null takes one back to its default, and all others stay."},
)
