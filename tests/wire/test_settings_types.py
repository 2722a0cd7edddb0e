"""Bodies of the settings: what is taken and refused, and that they have every setting."""

import msgspec
import pytest

from nsredis.core.namespace_settings import SETTINGS, NamespaceSettings
from nsredis.wire.settings_types import SettingsAnswer, SettingsBody


@pytest.mark.parametrize("kind", [SettingsAnswer, SettingsBody])
def test_every_setting_is_described(kind: type[msgspec.Struct]) -> None:
    assert kind.__doc__
    assert kind.__struct_encode_fields__ == tuple(SETTINGS)
    (_, components) = msgspec.json.schema_components([kind])
    described = str(components[kind.__name__])
    assert all(setting.help in described for setting in SETTINGS.values())


def test_the_answer_has_them_all() -> None:
    msgspec.convert(NamespaceSettings().values(), SettingsAnswer)
    with pytest.raises(msgspec.ValidationError, match="remotingLeaseMs"):
        msgspec.convert({**NamespaceSettings().values(), "remotingLeaseMs": 1}, SettingsAnswer)


def test_of_a_change_none_is_required_and_null_is_told_from_what_is_not_given() -> None:
    assert msgspec.json.decode(b"{}", type=SettingsBody) == SettingsBody()
    body = msgspec.json.decode(b'{"enableTopicList":null,"remotingLeaseMs":5000}', type=SettingsBody)
    assert body == SettingsBody(enable_topic_list=None, remoting_lease_ms=5000)
    assert body != SettingsBody(remoting_lease_ms=5000)


@pytest.mark.parametrize(
    "content",
    [
        {"enableTopicList": "true"},
        {"enableTopicList": 1},
        {"remotingLeaseMs": True},
        {"remotingLeaseMs": "5000"},
        {"remotingLeaseMs": 999},
        {"remotingLeaseMs": 3_600_001},
        {"revision": 1},
    ],
)
def test_what_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match=next(iter(content))):
        msgspec.convert(content, SettingsBody)
