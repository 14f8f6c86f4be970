"""The operations of `serve --store`: who may, what is shown, and what people do."""

import httpx
import pytest

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.people import add
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.serving.access import check_access
from crisisflow.serving.desk import Desk
from crisisflow.serving.settings import Access
from tests.serving.desks import EXAMPLE, desk_served, filled


@pytest.fixture(scope="module")
def desk(served, results, tmp_path_factory):
    """The folder of a store, and a function that asks its server as somebody."""
    folder = tmp_path_factory.mktemp("desk") / "store"
    tokens = filled(folder)
    with desk_served(served, results, folder) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}/v1/") as client:

        def ask(path, who="operator", method="GET", **options):
            headers = {"authorization": f"Bearer {tokens[who]}", **options.pop("headers", {})}
            return client.request(method, path, headers=headers, **options)

        yield folder, ask, client


def act(ask, incident, name, version, who="operator", **body):
    headers = {"if-match": f'"{version}"'}
    return ask(f"desk/incidents/{incident}/acts", who, "POST", json={"act": name, **body}, headers=headers)


def acts(folder, subject="incident:i1"):
    with SqliteStore(folder) as store:
        return [(own.actor, own.act, own.details) for own in store.audit() if own.subject == subject]


def test_nobody_without_the_token_of_a_person_learns_anything(desk):
    _, ask, client = desk
    for headers in ({}, {"authorization": "Bearer guess"}, {"authorization": "Basic guess"}):
        for path in ("desk", "desk/incidents", "desk/events", "version"):
            assert client.get(path, headers=headers).status_code == 401
    assert ask("desk", "viewer").json() == {"name": "viewer", "role": "viewer"}
    assert ask("version").json()["desk"] is True


def test_a_revoked_token_is_refused_at_once(desk):
    folder, _, client = desk
    with SqliteStore(folder) as store:
        token = add(store, "guest", "viewer", "root", 1)
        headers = {"authorization": f"Bearer {token}"}
        assert client.get("desk", headers=headers).status_code == 200
        store.revoke_person("guest", "root", 2)
    assert client.get("desk", headers=headers).status_code == 401


def test_incidents_are_listed_by_priority_with_the_deadline_of_their_rule(desk):
    found = desk[1]("desk/incidents").json()
    assert [(own["id"], own["priority"]) for own in found] == [("i1", "urgent"), ("i2", "high")]
    assert all(own["deadline"] for own in found)
    assert desk[1]("desk/incidents", params={"state": "closed"}).json() == []


def test_posts_are_covered_until_somebody_who_may_uncovers_one_which_is_audited(desk):
    folder, ask, _ = desk
    shown = ask("desk/incidents/i1", "viewer")
    assert "1234567" not in shown.text and "Kathmandu" in shown.text
    assert ask("desk/incidents/i1/posts/0/uncover", "viewer", "POST").status_code == 403
    assert "uncover" not in [name for _, name, _ in acts(folder)]
    assert "1234567" in ask("desk/incidents/i1/posts/0/uncover", method="POST").json()["text"]
    assert acts(folder)[-1] == ("operator", "uncover", {"post": "1"})
    assert ask("desk/incidents/i1/posts/1/uncover", method="POST").status_code == 404


def test_an_act_is_on_the_version_that_was_seen_audited_and_undone(desk):
    folder, ask, _ = desk
    answer = ask("desk/incidents/i1")
    version = answer.json()["item"]["version"]
    assert answer.headers["etag"] == f'"{version}"'
    assert act(ask, "i1", "acknowledge", version, "viewer").status_code == 403
    taken = act(ask, "i1", "acknowledge", version)
    assert (taken.status_code, taken.json()["item"]["state"]) == (200, "acknowledged")
    assert taken.json()["item"]["deadline"] is None
    late = act(ask, "i1", "close", version, "lead")
    assert late.status_code == 412 and "this change was made on version" in late.json()["detail"]
    undone = act(ask, "i1", "open", version + 1)
    assert (undone.json()["item"]["state"], undone.headers["etag"]) == ("open", f'"{version + 2}"')
    assert acts(folder)[-2:] == [
        ("operator", "acknowledge", {"before": "open", "after": "acknowledged"}),
        ("operator", "open", {"before": "acknowledged", "after": "open"}),
    ]


def test_a_note_is_in_the_timeline_without_what_reaches_a_person(desk):
    folder, ask, _ = desk
    noted = act(ask, "i1", "note", 1, text="Called back, +977 985 1234567 does not answer")
    (last, *_) = noted.json()["acts"]
    assert (last["actor"], last["act"]) == ("operator", "note") and last["details"]["text"].startswith("Called back")
    assert "1234567" not in str(acts(folder))
    assert act(ask, "i1", "note", 1).status_code == act(ask, "i1", "close", 1, text="x").status_code == 409


def test_deliveries_are_sent_again_only_when_they_have_ended(desk):
    folder, ask, _ = desk
    found = ask("desk/deliveries").json()
    assert {own["state"] for own in found} == {"due"}
    path = f"desk/deliveries/{found[0]['id']}/redeliver"
    assert ask(path, method="POST").status_code == 409
    assert ask(path, "viewer", "POST").status_code == 403
    with SqliteStore(folder) as store:
        own = found[0]
        claim = store.claim(own["receiver"], "w", 10**14, 10**14 + 1, own["channel"])
        store.finish(claim, "dead", "550 no such box", 10**14)
    (dead,) = ask("desk/deliveries", params={"state": "dead"}).json()
    assert dead["answer"] == "550 no such box"
    assert ask(f"desk/deliveries/{dead['id']}/redeliver", method="POST").json() == {"delivery": dead["id"]}
    assert ask("desk/deliveries", params={"state": "dead"}).json() == []


def test_the_rules_and_the_audit_are_told(desk):
    _, ask, _ = desk
    assert "need-of-water" in [own["id"] for own in ask("desk/rules").json()["rules"]]
    entries = ask("desk/audit").json()
    assert [own["number"] for own in entries] == sorted((own["number"] for own in entries), reverse=True)
    assert ask("desk/audit", params={"before": 2}).json()[0]["number"] == 1
    assert ask("desk/sources").json() == ask("desk/posts").json() == []


def test_what_changed_while_the_connection_was_lost_is_told(desk):
    _, ask, client = desk
    headers = dict(client.headers)
    seen = ask("desk/audit").json()[0]["number"]
    act(ask, "i2", "note", 1, text="while nobody watched")
    del headers
    for last, incidents in ((f"0-{seen}", ["i1", "i2"]), (f"{10**14}-{seen}", [])):
        request = client.build_request("GET", "desk/events", headers={"last-event-id": last})
        request.headers["authorization"] = ask("desk").request.headers["authorization"]
        answer = client.send(request, stream=True)
        lines = answer.iter_lines()
        told = [next(lines) for _ in range(3)]
        answer.close()
        assert told[1] == "event: changed"
        assert f'"incidents": {str(incidents).replace(chr(39), chr(34))}' in told[2]
        assert f'"entry": {seen + 1}' in told[2]


def test_a_store_that_is_not_there_and_two_kinds_of_tokens_are_refused(tmp_path):
    with pytest.raises(CrisisflowError, match="has no store"):
        Desk(tmp_path, EXAMPLE)
    with pytest.raises(CrisisflowError, match="leave out --token-file"):
        check_access("127.0.0.1", Access("x" * 16), people=True)
    check_access("0.0.0.0", Access(), people=True)
