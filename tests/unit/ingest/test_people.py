"""People, their tokens and roles, leases and versions, and the commands for them and for the audit."""

import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.cli import app
from crisisflow.errors import CrisisflowError
from crisisflow.ingest.changes import LEASE, break_lease, changing, entity_tag, take_lease, version_of
from crisisflow.ingest.people import ROLES, add, known, may
from crisisflow.ingest.store.faults import ForbiddenError, LeasedError, StaleError
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.store.sqlite.database import FILE
from tests.unit.ingest.store_contract import NOW, prepared, raised


@pytest.fixture
def store(tmp_path):
    with SqliteStore(tmp_path / "store") as found:
        yield prepared(found)


def somebody(store, name: str = "ana", role: str = "operator"):
    return known(store, add(store, name, role, "root", NOW))


def run(*words):
    app([str(word) for word in words], standalone_mode=False)


def test_a_token_tells_who_it_is_until_it_is_revoked_and_is_nowhere_in_the_store(store):
    token, other = (add(store, name, "lead", "root", NOW) for name in ("ana", "ben"))
    assert (known(store, token).name, known(store, other).name) == ("ana", "ben")
    assert len(token) >= 40 and known(store, token[:-1]) is known(store, "") is None
    files = b"".join(path.read_bytes() for path in store.folder.iterdir())
    assert token.encode() not in files and b"lead" in files
    store.revoke_person("ana", "root", NOW)
    assert known(store, token) is None and known(store, other) is not None
    again = add(store, "ana", "viewer", "root", NOW)
    assert known(store, token) is None and known(store, again).role == "viewer"


def test_a_name_that_is_taken_or_cannot_be_one_is_refused(store):
    add(store, "ana", "viewer", "root", NOW)
    with pytest.raises(CrisisflowError, match="ana has a valid token already"):
        add(store, "ana", "admin", "root", NOW)
    for name in ("", " ana", "a\nb", "source:wire", "x" * 65):
        with pytest.raises(CrisisflowError, match="no name of a person"):
            add(store, name, "admin", "root", NOW)
    assert [(own.name, own.role) for own in store.people()] == [("ana", "viewer")]


def test_a_role_may_what_those_before_it_may(store):
    found = {role: somebody(store, role, role) for role in ROLES}
    for place, role in enumerate(ROLES):
        assert [may(found[own], role) for own in ROLES] == [False] * place + [True] * (len(ROLES) - place)
    assert not may(found["admin"]._replace(revoked=NOW), "viewer")


def test_a_change_is_made_on_the_version_that_its_person_saw(store):
    raised(store, "mail")
    ana = somebody(store)
    with changing(store, "i1", 1, ana, NOW) as found:
        store.set_incident(found._replace(version=2, state="acknowledged"), [], [], NOW)
        store.note(ana.name, "acknowledge", "incident:i1", {}, NOW)
    vic = somebody(store, "vic", "viewer")
    with (
        pytest.raises(StaleError, match=r"i1 has version 2 by now, .* on version 1"),
        changing(store, "i1", 1, ana, NOW),
    ):
        raise AssertionError
    with pytest.raises(ForbiddenError, match=r"vic is viewer; .* role operator"), changing(store, "i1", 2, vic, NOW):
        raise AssertionError
    with pytest.raises(CrisisflowError, match="no incident i7"), changing(store, "i7", 1, ana, NOW):
        raise AssertionError
    assert store.incident("i1").state == "acknowledged"


def test_a_change_that_fails_leaves_nothing(store):
    raised(store, "mail")
    ana = somebody(store)
    with pytest.raises(KeyError), changing(store, "i1", 1, ana, NOW) as found:
        store.note(ana.name, "close", "incident:i1", {}, NOW)
        store.set_incident(found._replace(version=2, state="closed"), [], [], NOW)
        raise KeyError
    assert store.incident("i1").version == 1 and "close" not in {own.act for own in store.audit()}


def test_nobody_changes_what_another_works_on_until_the_lease_ends_or_is_broken(store):
    raised(store, "mail")
    ana, ben, lea = somebody(store), somebody(store, "ben"), somebody(store, "lea", "lead")
    assert take_lease(store, "i1", ana, NOW).ends == NOW + LEASE
    with pytest.raises(LeasedError, match="ana works on incident:i1"):
        take_lease(store, "i1", ben, NOW + 1)
    with pytest.raises(LeasedError), changing(store, "i1", 1, ben, NOW + LEASE - 1):
        raise AssertionError
    with changing(store, "i1", 1, ana, NOW + 1):
        pass
    with changing(store, "i1", 1, ben, NOW + LEASE):  # it has ended
        pass
    with pytest.raises(ForbiddenError):
        break_lease(store, "i1", ben, NOW + 1)
    assert break_lease(store, "i1", lea, NOW + 1).person == "ana"
    assert take_lease(store, "i1", ben, NOW + 2).person == "ben"
    with pytest.raises(LeasedError), changing(store, "i1", 1, ana, NOW + 3):
        raise AssertionError
    with pytest.raises(ForbiddenError):
        take_lease(store, "i1", somebody(store, "vic", "viewer"), NOW + LEASE * 2)


@given(st.integers(1, 999_999_999))
def test_an_entity_tag_names_its_version(version):
    assert version_of(entity_tag(version)) == version


@pytest.mark.parametrize("header", ["3", "*", 'W/"3"', '"3", "4"', '""', '"-1"', '"٣"', '"9999999999"'])
def test_another_header_names_none(header):
    with pytest.raises(CrisisflowError, match="names no version"):
        version_of(header)


def test_people_by_commands(store, capsys):
    run("people", "add", "ana", "--role", "lead", "--store", store.folder, "--as", "root")
    token = capsys.readouterr().out.strip()
    assert known(store, token).name == "ana"
    run("people", "revoke", "ana", "--store", store.folder)
    run("people", "list", "--store", store.folder)
    shown = capsys.readouterr().out
    assert "ana: lead, since " in shown and ", revoked " in shown and token not in shown
    with pytest.raises(CrisisflowError, match="knows nobody called ana with a valid token"):
        run("people", "revoke", "ana", "--store", store.folder)


def test_the_audit_is_verified_and_exported(store, capsys):
    add(store, "ana", "lead", "root", NOW)
    run("audit", "export", "--store", store.folder)
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert entries[-1]["act"] == "add person" and entries[-1]["subject"] == "person:ana"
    run("audit", "verify", "--store", store.folder)
    last = entries[-1]["hash"]
    assert f"{len(entries)} entries, whole; the last has the hash {last}" in capsys.readouterr().out
    add(store, "ben", "lead", "root", NOW)
    run("audit", "verify", "--store", store.folder, "--includes", last)
    with sqlite3.connect(store.folder / FILE) as past:
        past.execute("DROP TRIGGER audit_whole")
        past.execute("DELETE FROM audit WHERE number >= ?", (len(entries),))
    run("audit", "verify", "--store", store.folder)  # a chain that lost its end is whole
    with pytest.raises(CrisisflowError, match="entries at its end are gone"):
        run("audit", "verify", "--store", store.folder, "--includes", last)
    with sqlite3.connect(store.folder / FILE) as past:
        past.execute("DROP TRIGGER audit_kept")
        past.execute("UPDATE audit SET actor = 'eve' WHERE number = 1")
    for command in ("verify", "export"):
        with pytest.raises(CrisisflowError, match="entry 1 of the audit was changed"):
            run("audit", command, "--store", store.folder)
