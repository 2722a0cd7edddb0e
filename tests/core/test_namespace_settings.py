from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.errors import InvalidField
from nsredis.core.namespace_settings import NamespaceSettings, camel, check_setting

NAMES = [field.name for field in fields(NamespaceSettings)]


def test_names_are_javas() -> None:
    assert camel("support_acting_master") == "supportActingMaster"
    assert camel("plain") == "plain"


def test_an_empty_store_means_the_defaults() -> None:
    assert NamespaceSettings.parse({}) == NamespaceSettings()
    assert not NamespaceSettings().support_acting_master
    assert NamespaceSettings().enable_topic_list


@given(st.dictionaries(st.sampled_from(NAMES), st.booleans()))
def test_what_is_stored_is_what_holds(values: dict[str, bool]) -> None:
    stored = {camel(name): "true" if value else "false" for name, value in values.items()}
    assert NamespaceSettings.parse(stored) == NamespaceSettings(**values)


def test_names_of_a_later_release_are_left_alone() -> None:
    assert NamespaceSettings.parse({"fromTheFuture": "true", "revision": "7"}) == NamespaceSettings()


@pytest.mark.parametrize("value", ["true", "false", ""])
@pytest.mark.parametrize("name", NAMES)
def test_settings_that_may_be_written(name: str, value: str) -> None:
    check_setting(camel(name), value)


@pytest.mark.parametrize(
    ("name", "value"), [("nothing", "true"), ("revision", "true"), ("support_acting_master", "true")]
)
def test_names_that_are_no_setting(name: str, value: str) -> None:
    with pytest.raises(InvalidField, match="is no setting"):
        check_setting(name, value)


@pytest.mark.parametrize("value", ["True", "1", "yes", " true"])
def test_values_that_are_neither(value: str) -> None:
    with pytest.raises(InvalidField, match="must be true or false"):
        check_setting("supportActingMaster", value)
