"""Every setting of a node, declared once: name, type, default, help and rule."""

import os
import re
import secrets
import socket
import sys
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from nsredis.core.errors import InvalidField
from nsredis.settings import rules

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
LOG_FORMATS: Final = ("text", "json")
TLS_MODES: Final = ("disabled", "permissive", "enforcing")
CLIENT_AUTH: Final = ("none", "optional", "require")


class SettingsError(Exception):
    """A setting breaks a rule. `setting` is its name, `place` how the user wrote it; the text is one line."""

    def __init__(self, setting: str, rule: str, place: str = "") -> None:
        super().__init__(f"{place or setting}: {rule}")
        self.setting = setting
        self.rule = rule


def host_port(address: str) -> tuple[str, int]:
    """Host (an IPv6 one without its brackets) and port of a setting that is an address."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def default_data_dir() -> Path:
    """Where an account keeps its data: $XDG_DATA_HOME, else ~/.local/share; /var/lib for one without a home."""
    base = os.environ.get("XDG_DATA_HOME", "")
    if base.startswith("/"):
        return Path(base, "nsredis")
    try:
        return Path.home() / ".local" / "share" / "nsredis"
    except RuntimeError:
        return Path("/var/lib/nsredis")


def new_node_id() -> str:
    """The host's name and a random part, so that every process is a node of its own."""
    host = re.sub(r"[^a-zA-Z0-9_.-]", "-", socket.gethostname())[:64] or "node"
    return f"{host}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared of a setting beside its name, type and default.

    A default that is worked out has words for documents (`shown`), and another value stands in the example file.
    """

    help: str
    placeholder: str
    check: rules.Check
    shown: str = ""
    example: str = ""


def _setting(
    default: object,
    placeholder: str,
    text: str,
    check: rules.Check = rules.anything,
    *,
    shown: str = "",
    example: str = "",
) -> Any:
    metadata = {"declared": Declared(text, placeholder, check, shown, example)}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one node. SettingsError when one breaks its rule."""

    redis: str = _setting(
        "",
        "URL",
        "The Redis or Valkey store: redis://, rediss:// or unix://; redis+sentinel:// with Sentinels, redis+cluster:// "
        "in a cluster. Empty: a private server is started, which keeps its data under data_dir.",
        rules.store_url_or_empty,
    )
    http: str = _setting(
        "127.0.0.1:8080", "HOST:PORT", "Where the HTTP API listens. Port 0 takes a free one.", rules.listening
    )
    remoting: str = _setting(
        "127.0.0.1:9876",
        "HOST:PORT",
        "Where RocketMQ's remoting protocol is spoken. Port 0 takes a free one.",
        rules.listening,
    )
    workers: int = _setting(
        1,
        "COUNT",
        "How many processes serve both ports, each a node of its own (node_id-1, node_id-2, …); one that dies is "
        "started again. More than 1 needs a system that spreads connections over them (Linux).",
        rules.between(1, 64),
    )
    namespace: str = _setting(
        "default",
        "NAME",
        "The registry that this node serves; several may share one store without seeing each other.",
        rules.namespace,
    )
    data_dir: Path = _setting(  # noqa: RUF009 - it declares a field
        default_data_dir,
        "DIR",
        "Where the private server keeps its data, and a node the view that it serves when it starts while the store "
        "is away. Nodes with one folder share both.",
        shown="$XDG_DATA_HOME/nsredis, or ~/.local/share/nsredis",
        example="/var/lib/nsredis",
    )
    advertise_http: str = _setting(
        "", "HOST:PORT", "The HTTP address that others are told. Empty: the one it listens on.", rules.address_or_empty
    )
    advertise_remoting: str = _setting(
        "",
        "HOST:PORT",
        "The remoting address that others are told. Empty: the one it listens on.",
        rules.address_or_empty,
    )
    nsaddr: str = _setting(
        "",
        "HOST:PORT;…",
        "What /rocketmq/nsaddr answers, such as a load balancer's address. Empty: the addresses of all ready nodes.",
        rules.addresses_or_empty,
    )
    durability: int = _setting(
        0,
        "REPLICAS",
        "How many replicas of the store must have what operators write (key-value configuration, overrides, topics, "
        "settings) before it is answered with success.",
        rules.between(0, 100),
    )
    node_id: str = _setting(
        new_node_id,
        "NAME",
        "What this node calls itself; two living nodes must differ.",
        rules.node_id,
        shown="the host's name and a random part",
        example="node-1",
    )
    probe_brokers: bool = _setting(
        True,  # noqa: FBT003 - it is the default
        "true|false",
        "Whether a broker's port is tried when its connection closes, and while the expiry brake holds it: one that "
        "refuses is gone at once. Without it, the broker is marked, and its lease decides.",
    )
    log_level: str = _setting(
        "info", "LEVEL", f"The least that is logged: {', '.join(LOG_LEVELS)}.", rules.one_of(*LOG_LEVELS)
    )
    log_format: str = _setting(
        "text", "FORMAT", "How log lines look: text for people, json for programs.", rules.one_of(*LOG_FORMATS)
    )
    settle_ms: int = _setting(
        3000,
        "MS",
        "How long a node that knows nothing waits before it opens an empty store, so that a node that does know may "
        "put its data back first.",
        rules.between(0, 600_000),
    )
    snapshot_max_age_ms: int = _setting(
        3_600_000,
        "MS",
        "A node that starts while the store is away serves the view that was saved in data_dir, if it is no older than "
        "this. 0: it saves none, and is not ready until the store answers.",
        rules.between(0, 604_800_000),
    )
    drain_wait_ms: int = _setting(
        0,
        "MS",
        "How long a stopping node still takes requests while /readyz says 503: behind a load balancer, the interval of "
        "its checks times the failures that it waits for.",
        rules.between(0, 600_000),
    )
    drain_ms: int = _setting(
        10_000,
        "MS",
        "How long a stopping node then lets running requests finish before it cuts them off.",
        rules.between(0, 600_000),
    )
    max_body_mib: int = _setting(16, "MIB", "The largest request body that is read, in MiB.", rules.between(1, 1024))
    max_inflated_mib: int = _setting(
        64, "MIB", "The largest size that a compressed request body may inflate to, in MiB.", rules.between(1, 4096)
    )
    http_idle_ms: int = _setting(
        120_000,
        "MS",
        "How long an HTTP connection may be without a request, or its peer take nothing of an answer, before it is "
        "closed. Longer than a load balancer keeps its own.",
        rules.between(1000, 86_400_000),
    )
    http_read_ms: int = _setting(
        30_000,
        "MS",
        "How long the head of an HTTP request may take, and how long its body may pause.",
        rules.between(100, 3_600_000),
    )
    http_max_connections: int = _setting(
        0,
        "COUNT",
        "How many HTTP connections there may be. 0: half of those that the limit of open files leaves room for, or "
        "what remoting_max_connections leaves of them; a node raises that limit as far as it may.",
        rules.between(0, 10_000_000),
    )
    remoting_idle_ms: int = _setting(
        120_000,
        "MS",
        "How long a remoting connection may be without a read and a write before it is closed.",
        rules.between(1000, 86_400_000),
    )
    remoting_max_connections: int = _setting(
        0,
        "COUNT",
        "How many remoting connections there may be. 0: half of those that the limit of open files leaves room for, or "
        "what http_max_connections leaves of them.",
        rules.between(0, 10_000_000),
    )
    remoting_max_per_address: int = _setting(
        0,
        "COUNT",
        "How many remoting connections one address may have; behind a trusted proxy, the address that it tells. "
        "0: no limit.",
        rules.between(0, 10_000_000),
    )
    remoting_trusted_proxies: str = _setting(
        "",
        "CIDR,…",
        "Load balancers whose PROXY protocol header (version 1 or 2) is believed, on the remoting port: addresses and "
        "ranges. From all others such a header closes the connection.",
        rules.networks_or_empty,
    )
    remoting_settings: bool = _setting(
        False,  # noqa: FBT003 - it is the default
        "true|false",
        "Whether anybody who reaches the remoting port may change the namespace's settings, with mqadmin "
        "updateNamesrvConfig (code 318).",
    )
    tls_mode: str = _setting(
        "",
        "MODE",
        "TLS on the remoting port: disabled, permissive (beside plaintext) or enforcing (TLS alone). Empty: permissive "
        "with a tls_certificate, disabled without.",
        rules.one_of("", *TLS_MODES),
    )
    tls_certificate: str = _setting(
        "",
        "FILE",
        "The certificate with its chain, as PEM. Changed files are taken within seconds; open connections stay.",
    )
    tls_key: str = _setting(
        "", "FILE", "The certificate's private key, as PEM. Empty: it stands beside the certificate."
    )
    tls_key_password_file: str = _setting("", "FILE", "Holds the password of the private key. Empty: it has none.")
    tls_client_ca: str = _setting("", "FILE", "Certificates of those who may sign certificates of clients, as PEM.")
    tls_client_auth: str = _setting(
        "none",
        "WHETHER",
        f"Whether clients show a certificate of their own, signed by tls_client_ca: {', '.join(CLIENT_AUTH)}.",
        rules.one_of(*CLIENT_AUTH),
    )

    def __post_init__(self) -> None:
        for setting in settings_fields():
            try:
                declared(setting).check(setting.name, getattr(self, setting.name))
            except InvalidField as error:
                rule = error.detail.removeprefix(f"{error.field}: ")
                raise SettingsError(setting.name, rule) from None
        if self.http == self.remoting and not self.http.endswith(":0"):
            raise SettingsError("remoting", "must not be the address of http")
        if self.workers > 1 and sys.platform != "linux":
            raise SettingsError("workers", "must be 1 on this system")
        if not self.tls_certificate:
            for name in ("tls_key", "tls_key_password_file", "tls_client_ca"):
                if getattr(self, name):
                    raise SettingsError(name, "must be empty while there is no tls_certificate")
            if self.tls_mode not in ("", "disabled"):
                raise SettingsError("tls_mode", f"{self.tls_mode} needs a tls_certificate")
        if self.tls_client_auth != "none" and not self.tls_client_ca:
            raise SettingsError("tls_client_auth", f"{self.tls_client_auth} needs a tls_client_ca")

    @property
    def effective_tls_mode(self) -> str:
        """The mode that `tls_mode` stands for."""
        return self.tls_mode or ("permissive" if self.tls_certificate else "disabled")


def settings_fields() -> tuple[Field[Any], ...]:
    """The settings in the order in which documents list them."""
    return fields(Settings)


def declared(setting: Field[Any]) -> Declared:
    """What is declared of a setting."""
    found: Declared = setting.metadata["declared"]
    return found
