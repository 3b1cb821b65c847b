"""New items on the real server: recommended by every worker at its next request, and the same after a restart."""

from typing import Any

from embed.bundle import Bundle
from kg.workspace import Workspace
from tests.servers import Server, start
from tests.service.test_items_server import kill, send


def asked(server: Server, times: int = 6) -> list[list[dict[str, Any]]]:
    """Each over a new connection, so that any worker may answer."""
    return [server.ask("/v1/users/u/recommendations?n=200")["items"] for _ in range(times)]


def test_a_new_item_is_recommended_by_every_worker_and_after_a_kill(workspace: Workspace, bundle: Bundle):
    liked = int(bundle.teachers.popularity.argmax())
    keys, director = bundle.catalog.keys, bundle.catalog.relations.index("DIRECTED_BY")
    ends, relations = bundle.teachers.adjacency.row(liked)
    people = [keys[end] for end, relation in zip(ends, relations, strict=True) if relation == director]
    server = start(workspace.root, workers=2)
    assert send(server, "POST", "/v1/events", {"user": "u", "item": keys[liked], "value": 5}) == 202
    for new in ("new-1", "new-2"):
        body = {"properties": {"name": f"The {new}"}, "relations": {"DIRECTED_BY": people}}
        assert send(server, "PUT", f"/v1/items/{new}", body) == 201
        for items in asked(server):
            (found,) = [item for item in items if item["id"] == new]
            assert found["explanation"]["path"][0]["start"]["id"] == keys[liked]
            assert found["explanation"]["path"][-1]["end"] == {"class": "Film", "id": new, "name": f"The {new}"}
    assert send(server, "POST", "/v1/events", {"user": "u", "item": "new-1", "value": 5}) == 202
    answers = asked(server)
    assert all({item["id"] for item in items} & {"new-1", "new-2"} == {"new-2"} for items in answers)
    kill(server)
    again = start(workspace.root, workers=2)
    answers += asked(again)
    assert all(items == answers[0] for items in answers)
    assert again.stop() == 0
