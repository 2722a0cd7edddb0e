import re
from pathlib import Path

import pytest

from nsredis.core.errors import InvalidField
from nsredis.settings import (
    Settings,
    SettingsError,
    as_environment,
    declared,
    example_toml,
    flag,
    host_port,
    load_settings,
    settings_fields,
    settings_table_markdown,
    variable,
)
from tests.support.processes import CHECKOUT


def _file(folder: Path, text: str) -> Path:
    path = folder / "nsredis.toml"
    path.write_text(text)
    return path


def test_defaults_keep_their_own_rules() -> None:
    settings = Settings()
    assert settings.redis == ""
    assert settings.http == "127.0.0.1:8080"
    assert settings.remoting == "127.0.0.1:9876"
    assert settings.namespace == "default"
    assert Settings().node_id != settings.node_id


def test_flags_overrule_the_environment_which_overrules_the_file(tmp_path: Path) -> None:
    config = _file(tmp_path, 'namespace = "file"\nsettle_ms = 1\nlog_level = "error"\n')
    environ = {"NSREDIS_NAMESPACE": "environment", "NSREDIS_SETTLE_MS": "2", "HOME": "/"}
    settings = load_settings({"namespace": "flag"}, environ, config)
    assert (settings.namespace, settings.settle_ms, settings.log_level) == ("flag", 2, "error")


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    config = _file(tmp_path, 'namespace = "file"')
    assert load_settings({}, {"NSREDIS_CONFIG": str(config)}).namespace == "file"


def test_a_path_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert load_settings({"data_dir": "~/data"}, {}).data_dir == tmp_path / "data"
    assert load_settings({"data_dir": "data"}, {}).data_dir == tmp_path / "data"


@pytest.mark.parametrize(("written", "value"), [("true", True), ("false", False), (" False", False)])
def test_true_and_false(written: str, value: bool, tmp_path: Path) -> None:
    assert load_settings({"probe_brokers": written}, {}).probe_brokers is value
    assert load_settings({}, {"NSREDIS_PROBE_BROKERS": written}).probe_brokers is value
    for spelled in (str(value).lower(), f'"{written}"'):
        assert load_settings({}, {}, _file(tmp_path, f"probe_brokers = {spelled}")).probe_brokers is value


def test_data_goes_where_the_account_keeps_its_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert Settings().data_dir == tmp_path / ".local" / "share" / "nsredis"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert Settings().data_dir == tmp_path / "xdg" / "nsredis"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("redis", "http://localhost", "must be a URL that starts with redis://"),
        ("redis", "redis://localhost:port", "."),
        ("redis", "rediss://localhost?ssl_ca_certs=/nope", "must name a file .* ssl_ca_certs: /nope is none"),
        ("http", "8080", "must be host:port"),
        ("http", "localhost:70000", "must end in a port from 1 to 65535"),
        ("remoting", "[::1:9876", "must be host:port"),
        ("namespace", "a b", "must have 1 to 64 letters"),
        ("data_dir", "", "must not be empty"),
        ("advertise_http", "host", "must be host:port"),
        ("advertise_remoting", "host:0", "must end in a port"),
        ("nsaddr", "a:1;b", "must be host:port"),
        ("node_id", "a b", "must have 1 to 128 letters"),
        ("log_level", "loud", "must be one of debug, info, warning, error"),
        ("log_format", "xml", "must be one of text, json"),
        ("settle_ms", "-1", "must be from 0 to 600000"),
        ("settle_ms", "3s", "must be a whole number"),
        ("drain_ms", "1.5", "must be a whole number"),
        ("max_body_mib", "0", "must be from 1 to 1024"),
        ("remoting_idle_ms", "0", "must be from 1000 to 86400000"),
        ("remoting_max_per_address", "-1", "must be from 0 to"),
        ("remoting_trusted_proxies", "10.0.0.1,balancer", "must be addresses or ranges such as 10.0.0.0/8: 'balancer'"),
        ("tls_mode", "on", "must be empty, or one of disabled, permissive, enforcing"),
        ("tls_client_auth", "need", "must be one of none, optional, require"),
        ("probe_brokers", "1", "must be true or false"),
    ],
)
def test_a_wrong_value_is_told_by_its_place_and_its_rule_in_one_line(name: str, value: str, rule: str) -> None:
    for flags, environ, place in (
        ({name: value}, {}, flag(name)),
        ({}, {variable(name): value}, variable(name)),
    ):
        with pytest.raises(SettingsError) as failure:
            load_settings(flags, environ)
        assert re.match(f"{place}: {rule}", str(failure.value)), str(failure.value)
        assert "\n" not in str(failure.value)
        assert failure.value.setting == name


def test_a_wrong_value_in_a_file_names_the_file(tmp_path: Path) -> None:
    config = _file(tmp_path, 'settle_ms = "soon"')
    with pytest.raises(SettingsError, match=f"^settle_ms in {re.escape(str(config))}: must be a whole number$"):
        load_settings({}, {}, config)
    config = _file(tmp_path, "http = 8080")
    with pytest.raises(SettingsError, match=r"^http in .*: must be text$"):
        load_settings({}, {}, config)
    config = _file(tmp_path, "probe_brokers = 1")
    with pytest.raises(SettingsError, match=r"^probe_brokers in .*: must be true or false$"):
        load_settings({}, {}, config)
    config = _file(tmp_path, "settle_ms = true")
    with pytest.raises(SettingsError, match="whole number"):
        load_settings({}, {}, config)


def test_a_password_is_not_told() -> None:
    with pytest.raises(SettingsError) as failure:
        load_settings({"redis": "http://user:secret@host"}, {})
    assert "secret" not in str(failure.value)


def test_unknown_names_are_told_with_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"^NSREDIS_NAMESPCE: there is no such setting; did you mean NSREDIS_NAMESPACE"
    ):
        load_settings({}, {"NSREDIS_NAMESPCE": "x"})
    config = _file(tmp_path, 'log-level = "debug"')
    with pytest.raises(SettingsError, match=r"^log-level in .*: there is no such setting; did you mean log_level"):
        load_settings({}, {}, config)
    with pytest.raises(SettingsError, match=r"^NSREDIS_QQQQ: there is no such setting$"):
        load_settings({}, {"NSREDIS_QQQQ": "x"})


def test_variables_that_kubernetes_sets_beside_a_service_are_no_settings() -> None:
    environ = {
        "NSREDIS_SERVICE_HOST": "10.0.0.1",
        "NSREDIS_SERVICE_PORT": "8080",
        "NSREDIS_SERVICE_PORT_HTTP": "8080",
        "NSREDIS_PORT": "tcp://10.0.0.1:8080",
        "NSREDIS_PORT_8080_TCP_ADDR": "10.0.0.1",
        "NSREDIS_HTTP_SERVICE_HOST": "10.0.0.1",
        "NSREDIS_HTTP_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "NSREDIS_SERVER": "http://127.0.0.1:8080",
    }
    assert load_settings({}, environ).http == "127.0.0.1:8080"


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"config: cannot read .*: No such file"):
        load_settings({}, {}, tmp_path / "none.toml")
    with pytest.raises(SettingsError, match=r"is not TOML"):
        load_settings({}, {}, _file(tmp_path, "http = "))


def test_both_doors_may_not_share_one_address() -> None:
    with pytest.raises(SettingsError, match=r"remoting: must not be the address of http"):
        Settings(http="127.0.0.1:1234", remoting="127.0.0.1:1234")
    assert Settings(http="127.0.0.1:0", remoting="127.0.0.1:0").http == "127.0.0.1:0"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tls_mode": "permissive"}, "tls_mode: permissive needs a tls_certificate"),
        ({"tls_mode": "enforcing"}, "tls_mode: enforcing needs a tls_certificate"),
        ({"tls_key": "key.pem"}, "tls_key: must be empty while there is no tls_certificate"),
        ({"tls_key_password_file": "password"}, "tls_key_password_file: must be empty while"),
        ({"tls_client_ca": "ca.pem"}, "tls_client_ca: must be empty while"),
        ({"tls_certificate": "c.pem", "tls_client_auth": "require"}, "tls_client_auth: require needs a tls_client_ca"),
    ],
)
def test_settings_of_tls_that_need_another_one(values: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "mode"),
    [
        ({}, "disabled"),
        ({"tls_mode": "disabled"}, "disabled"),
        ({"tls_certificate": "c.pem"}, "permissive"),
        ({"tls_certificate": "c.pem", "tls_mode": "disabled"}, "disabled"),
        ({"tls_certificate": "c.pem", "tls_mode": "enforcing"}, "enforcing"),
    ],
)
def test_a_certificate_turns_tls_on(values: dict[str, str], mode: str) -> None:
    assert load_settings(values, {}).effective_tls_mode == mode


def test_rules_hold_for_settings_built_in_code() -> None:
    with pytest.raises(SettingsError, match="settle_ms: must be from"):
        Settings(settle_ms=-1)


@pytest.mark.parametrize(
    ("address", "parts"), [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:0", ("::1", 0)), ("h:65535", ("h", 65535))]
)
def test_host_and_port(address: str, parts: tuple[str, int]) -> None:
    assert host_port(address) == parts


def test_every_setting_is_explained_and_its_default_keeps_its_rule() -> None:
    for setting in settings_fields():
        about = declared(setting)
        assert about.help.endswith(".")
        assert about.placeholder
        try:
            about.check(setting.name, getattr(Settings(), setting.name))
        except InvalidField as error:
            pytest.fail(str(error))


def test_the_table_has_a_line_for_every_setting() -> None:
    lines = settings_table_markdown().splitlines()
    assert len(lines) == 2 + len(settings_fields())
    for setting in settings_fields():
        assert any(flag(setting.name) in line and variable(setting.name) in line for line in lines)


def test_the_example_file_is_the_generated_one_and_its_values_are_the_defaults(tmp_path: Path) -> None:
    text = (CHECKOUT / "deploy" / "nsredis.example.toml").read_text()
    assert text == example_toml()
    loaded = load_settings({}, {}, _file(tmp_path, re.sub(r"^#(?=\w)", "", text, flags=re.MULTILINE)))
    expected = Settings(data_dir=loaded.data_dir, node_id=loaded.node_id)
    assert loaded == expected
    assert load_settings({}, {}, _file(tmp_path, text)).http == Settings().http


def test_another_process_loads_the_same_settings_from_variables() -> None:
    settings = Settings(
        redis="redis://:s%40y@h:1/2", workers=3, probe_brokers=False, nsaddr="a:1;b:2", data_dir=Path("/d")
    )
    assert load_settings({}, as_environment(settings)) == settings
