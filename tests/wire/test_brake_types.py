import msgspec

from nsredis.wire.brake_types import BrakeInfo, BrakesAnswer, HeldBroker


def test_what_is_not_known_is_left_out() -> None:
    held = HeldBroker("a", 0, "10.0.0.1:10911", 5, 150_005)
    answer = BrakesAnswer([BrakeInfo("c", "released", 1, [held], held_until_ms=150_005)])
    assert msgspec.to_builtins(answer) == {
        "items": [
            {
                "cluster": "c",
                "state": "released",
                "heldCount": 1,
                "held": [
                    {
                        "brokerName": "a",
                        "brokerId": 0,
                        "address": "10.0.0.1:10911",
                        "heldSinceMs": 5,
                        "heldUntilMs": 150_005,
                    }
                ],
                "heldUntilMs": 150_005,
            }
        ],
        "next": None,
    }
    assert msgspec.json.decode(msgspec.json.encode(answer), type=BrakesAnswer) == answer
