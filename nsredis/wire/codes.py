"""The numbers of RocketMQ's remoting protocol that a name server meets: codes, flags, languages, versions."""

from enum import IntEnum
from typing import Final


class RequestCode(IntEnum):
    """What a request asks for (RocketMQ's RequestCode)."""

    GET_CLIENT_CONFIG = 47
    PUT_KV_CONFIG = 100
    GET_KV_CONFIG = 101
    DELETE_KV_CONFIG = 102
    REGISTER_BROKER = 103
    UNREGISTER_BROKER = 104
    GET_ROUTEINFO_BY_TOPIC = 105
    GET_BROKER_CLUSTER_INFO = 106
    WIPE_WRITE_PERM_OF_BROKER = 205
    GET_ALL_TOPIC_LIST_FROM_NAMESERVER = 206
    DELETE_TOPIC_IN_NAMESRV = 216
    REGISTER_TOPIC_IN_NAMESRV = 217
    GET_KVLIST_BY_NAMESPACE = 219
    GET_TOPICS_BY_CLUSTER = 224
    GET_SYSTEM_TOPIC_LIST_FROM_NS = 304
    GET_UNIT_TOPIC_LIST = 311
    GET_HAS_UNIT_SUB_TOPIC_LIST = 312
    GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST = 313
    UPDATE_NAMESRV_CONFIG = 318
    GET_NAMESRV_CONFIG = 319
    QUERY_DATA_VERSION = 322
    ADD_WRITE_PERM_OF_BROKER = 327
    GET_BROKER_MEMBER_GROUP = 901
    BROKER_HEARTBEAT = 904
    NOTIFY_MIN_BROKER_ID_CHANGE = 905  # sent by the name server


class ResponseCode(IntEnum):
    """How a request ended (RocketMQ's ResponseCode)."""

    SUCCESS = 0
    SYSTEM_ERROR = 1
    SYSTEM_BUSY = 2
    REQUEST_CODE_NOT_SUPPORTED = 3
    NO_PERMISSION = 16
    TOPIC_NOT_EXIST = 17
    QUERY_NOT_FOUND = 22
    GO_AWAY = 1500


RESPONSE_FLAG: Final = 1
ONE_WAY_FLAG: Final = 2

LANGUAGES: Final = (
    "JAVA",
    "CPP",
    "DOTNET",
    "PYTHON",
    "DELPHI",
    "ERLANG",
    "RUBY",
    "OTHER",
    "HTTP",
    "GO",
    "PHP",
    "OMS",
    "RUST",
    "NODE_JS",
)
"""Names by code (RocketMQ's LanguageCode)."""

# Ordinals of RocketMQ's MQVersion at which what is sent, or what is understood, changes.
VERSION_REGISTER_BODY: Final = 37
"""From 3.0.11 on a registration's body is a RegisterBrokerBody, before it the bare table."""

VERSION_STANDARD_JSON: Final = 401
"""From 4.9.4 on clients read routes in standard JSON."""

VERSION_STATIC_TOPICS: Final = 413
"""From 5.0.0 on a compressed registration ends in the static topics' mappings."""

VERSION_GO_AWAY: Final = 475
"""Clients later than 5.3.1 understand GO_AWAY."""

OUR_VERSION: Final = 479
"""What our answers say of us: 5.3.3."""
