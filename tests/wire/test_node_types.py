import msgspec

from nsredis.wire.node_types import LostNodeInfo, NodesAnswer


def test_a_list_of_nodes_always_has_all_its_fields() -> None:
    assert msgspec.to_builtins(NodesAnswer([])) == {"items": [], "next": None, "lost": []}


def test_a_lost_node_has_names_as_all_else_in_the_api() -> None:
    lost = LostNodeInfo(id="n", http="h:1", remoting="h:2", version="1", last_seen_ms=5)
    shown = {"id": "n", "http": "h:1", "remoting": "h:2", "version": "1", "lastSeenMs": 5}
    assert msgspec.to_builtins(NodesAnswer([], lost=[lost]))["lost"] == [shown]


def test_an_older_node_tells_of_no_lost_ones() -> None:
    assert msgspec.json.decode(b'{"items":[],"next":null}', type=NodesAnswer) == NodesAnswer([])
