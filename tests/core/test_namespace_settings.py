from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.errors import InvalidField
from nsredis.core.namespace_settings import SETTINGS, NamespaceSettings, camel, check_setting, setting_text

SWITCHES = [name for name, setting in SETTINGS.items() if setting.is_switch]
VALUES = st.fixed_dictionaries(
    {},
    optional={
        **{SETTINGS[name].field: st.booleans() for name in SWITCHES},
        "remoting_lease_ms": st.integers(1000, 3_600_000),
    },
)


def test_names_are_javas() -> None:
    assert camel("support_acting_master") == "supportActingMaster"
    assert camel("plain") == "plain"
    assert [setting.field for setting in SETTINGS.values()] == [field.name for field in fields(NamespaceSettings)]


def test_an_empty_store_means_the_defaults() -> None:
    settings = NamespaceSettings.parse({})
    assert settings == NamespaceSettings()
    assert settings.as_text() == {
        "supportActingMaster": "false",
        "orderMessageEnable": "false",
        "returnOrderTopicConfigToBroker": "true",
        "enableTopicList": "true",
        "enableAllTopicList": "true",
        "deleteTopicWithBrokerRegistration": "false",
        "notifyMinBrokerIdChanged": "false",
        "overrideOutlivesGroup": "false",
        "restoreAdminRows": "true",
        "remotingLeaseMs": "120000",
        "brakeMinBrokers": "3",
        "brakePercent": "30",
    }


@given(VALUES)
def test_what_is_stored_is_what_holds(values: dict[str, bool | int]) -> None:
    stored = {camel(name): setting_text(value) for name, value in values.items()}
    settings = NamespaceSettings(**values)  # type: ignore[arg-type]  # hypothesis keeps the types
    assert NamespaceSettings.parse(stored) == settings
    assert NamespaceSettings.parse(settings.as_text()) == settings


def test_values_are_typed() -> None:
    values = NamespaceSettings.parse({"supportActingMaster": "true", "remotingLeaseMs": "5000"}).values()
    assert (values["supportActingMaster"], values["remotingLeaseMs"]) == (True, 5000)
    assert {name: type(value) for name, value in values.items()} == {
        **dict.fromkeys(SWITCHES, bool),
        **dict.fromkeys(("remotingLeaseMs", "brakeMinBrokers", "brakePercent"), int),
    }


@given(st.dictionaries(st.sampled_from([*SETTINGS, "fromTheFuture", "revision"]), st.text()))
def test_whatever_the_store_holds_is_read_and_what_makes_no_sense_is_the_default(stored: dict[str, str]) -> None:
    sensible = {}
    for name, text in stored.items():
        try:
            check_setting(name, text)
        except InvalidField:
            continue
        sensible[name] = text
    assert NamespaceSettings.parse(stored) == NamespaceSettings.parse(sensible)


@pytest.mark.parametrize(
    ("name", "text"),
    [("enableTopicList", "TRUE"), ("enableTopicList", "0"), ("remotingLeaseMs", "soon"), ("remotingLeaseMs", "999")],
)
def test_a_value_of_another_release_is_the_default(name: str, text: str) -> None:
    assert NamespaceSettings.parse({name: text}) == NamespaceSettings()


@pytest.mark.parametrize("value", ["true", "false", ""])
@pytest.mark.parametrize("name", SWITCHES)
def test_switches_that_may_be_written(name: str, value: str) -> None:
    check_setting(name, value)


@pytest.mark.parametrize("value", ["1000", "3600000", "0120000", ""])
def test_leases_that_may_be_written(value: str) -> None:
    check_setting("remotingLeaseMs", value)


@pytest.mark.parametrize(
    ("name", "value"), [("nothing", "true"), ("revision", "true"), ("support_acting_master", "true"), ("", "")]
)
def test_names_that_are_no_setting(name: str, value: str) -> None:
    with pytest.raises(InvalidField, match="is no setting") as refused:
        check_setting(name, value)
    assert refused.value.field == name


@pytest.mark.parametrize("value", ["True", "1", "yes", " true"])
def test_values_that_are_neither(value: str) -> None:
    with pytest.raises(InvalidField, match="supportActingMaster: must be true or false"):
        check_setting("supportActingMaster", value)


@pytest.mark.parametrize(
    "value", ["999", "3600001", "-5000", "+5000", "5e3", "5000.0", " 5000", "\u0665\u0660\u0660\u0660", "9" * 5000]
)
def test_values_that_are_no_lease(value: str) -> None:
    with pytest.raises(InvalidField, match="remotingLeaseMs: must be a whole number from 1000 to 3600000"):
        check_setting("remotingLeaseMs", value)


def test_values_as_texts() -> None:
    assert [setting_text(value) for value in (True, False, 120_000, None)] == ["true", "false", "120000", ""]
