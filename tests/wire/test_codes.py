"""The numbers are RocketMQ's: a few that a slip of the pen would break, and what holds of all."""

from nsredis.wire import codes
from nsredis.wire.codes import LANGUAGES, OUR_VERSION, RequestCode, ResponseCode


def test_every_code_of_the_reference_is_there() -> None:
    assert sorted(RequestCode) == [
        *(47, 100, 101, 102, 103, 104, 105, 106, 205, 206, 216, 217, 219, 224, 304, 311, 312, 313),
        *(318, 319, 322, 327, 901, 904, 905),
    ]
    assert sorted(ResponseCode) == [0, 1, 2, 3, 16, 17, 22, 1500]


def test_languages_stand_at_their_codes() -> None:
    assert len(LANGUAGES) == 14
    assert [LANGUAGES[code] for code in (0, 1, 3, 7, 9, 12, 13)] == [
        *("JAVA", "CPP", "PYTHON", "OTHER", "GO", "RUST", "NODE_JS")
    ]


def test_versions_follow_rocketmqs_pattern() -> None:
    """In a minor release, two per patch; twenty per minor release."""
    assert codes.VERSION_STANDARD_JSON == 393 + 2 * 4  # 4.9.0, 4.9.4
    assert codes.VERSION_STATIC_TOPICS == 413  # 5.0.0
    assert codes.VERSION_GO_AWAY == 473 + 2 * 1  # 5.3.0, 5.3.1
    assert OUR_VERSION == 473 + 2 * 3  # 5.3.3
    assert codes.VERSION_REGISTER_BODY == 37
