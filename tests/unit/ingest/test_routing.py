"""Rules over the facts of incidents, and the checks of their configuration."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.incident import Where, read_incidents
from crisisflow.ingest.routing.agencies import Hours
from crisisflow.ingest.routing.areas import Named, Territory, square_kilometres
from crisisflow.ingest.routing.conditions import When, compile, evaluate, satisfiable
from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
from crisisflow.ingest.routing.decision import decide
from crisisflow.ingest.routing.explain import explain
from tests.unit.ingest.incidents import AT, incident

BELOW = {
    "natural": frozenset({"natural", "flood", "storm"}),
    "flood": frozenset({"flood"}),
    "storm": frozenset({"storm"}),
    "traffic_accident": frozenset({"traffic_accident"}),
}
DOMAINS = {"type": frozenset(BELOW), "class": frozenset({"a", "b"})}
POKHARA = Where(name="Pokhara", kind="city", country="Nepal", latitude=28.2, longitude=83.98)


def holds(when: dict, **facts) -> bool:
    return evaluate(compile(When.model_validate(when), BELOW), incident(**facts)).holds


@pytest.mark.parametrize(
    ("when", "facts", "expected"),
    [
        ({"type": "natural"}, {"type": "flood"}, True),
        ({"type": "flood"}, {"type": "natural"}, False),
        ({"type": "flood"}, {"type": None}, False),
        ({"class": "a"}, {"classes": {"a": 0.5, "b": 0.5}}, True),
        ({"class": "b"}, {"classes": {"a": 0.5, "b": 0.5}}, False),
        ({"entities": ["LOCATION", "RESCUE"]}, {"entities": {"LOCATION": 1, "RESCUE": 1}}, True),
        ({"entities": ["LOCATION", "RESCUE"]}, {"entities": {"LOCATION": 1, "RESCUE": 0}}, False),
        ({"numbers": {"injured": {"at_least": 5}}}, {"numbers": {"injured": (1, 5)}}, True),
        ({"numbers": {"injured": {"at_most": 4}}}, {"numbers": {"injured": (1, 5)}}, False),
        ({"numbers": {"injured": {"at_most": 4}}}, {"numbers": {}}, False),
        ({"places": ["Nepal"]}, {}, True),
        ({"places": ["India"]}, {}, False),
        ({"places": ["Nepal"]}, {"place": None}, False),
        ({"languages": ["es", "en"]}, {}, True),
        ({"confidence": 0.8}, {}, True),
        ({"authors": 3}, {}, False),
        ({"posts": 3}, {}, True),
        ({"state": ["closed"]}, {}, False),
        ({"words": ["BUS"]}, {}, True),
        ({"words": ["us"]}, {}, False),  # whole words
        ({"any": [{"posts": 9}, {"authors": 2}]}, {}, True),
        ({"all": [{"posts": 9}, {"authors": 2}]}, {}, False),
        ({"not": {"type": "natural"}}, {}, True),
        ({"not": {"posts": 3, "authors": 9}}, {}, True),
    ],
)
def test_a_condition_holds_or_not(when, facts, expected):
    assert holds(when, **facts) is expected


@pytest.mark.parametrize(
    "when",
    [
        {"type": "flood", "not": {"type": "natural"}},
        {"all": [{"type": "flood"}, {"type": "storm"}]},
        {"class": "a", "all": [{"class": "b"}]},
        {"class": ["a"], "not": {"any": [{"class": "a"}, {"posts": 1}]}},
        {"numbers": {"dead": {"at_least": 5}}, "not": {"numbers": {"dead": {"at_least": 3}}}},
        {"posts": 3, "not": {"posts": 2}},
        {"authors": 5, "not": {"posts": 5}},
        {"state": ["open"], "all": [{"state": ["closed"]}]},
        {"not": {"state": ["open", "acknowledged", "closed"]}},
        {"languages": ["en"], "not": {"languages": ["en", "es"]}},
        {"entities": ["RESCUE"], "not": {"entities": ["RESCUE"]}},
        {"any": [{"posts": 2, "not": {"posts": 1}}, {"not": {"authors": 1}}]},
    ],
)
def test_a_condition_that_no_incident_fulfils_is_known(when):
    assert not satisfiable(compile(When.model_validate(when), BELOW), DOMAINS)


@pytest.mark.parametrize(
    "when",
    [
        {"type": "natural", "not": {"type": "flood"}},
        {"not": {"type": ["natural", "traffic_accident"]}},  # of an unknown type
        {"numbers": {"dead": {"at_least": 3}}, "not": {"numbers": {"dead": {"at_least": 5}}}},
        {"not": {"numbers": {"dead": {"at_least": 0}}}},  # not told
        {"languages": ["en", "es"], "not": {"languages": ["en"]}},
        {"any": [{"posts": 2, "not": {"posts": 1}}, {"authors": 2}]},
    ],
)
def test_a_condition_that_some_incident_fulfils_is_known(when):
    assert satisfiable(compile(When.model_validate(when), BELOW), DOMAINS)


leaves = st.one_of(
    st.builds(lambda own: {"type": own}, st.sampled_from([*BELOW])),
    st.builds(lambda own: {"class": own}, st.sampled_from(["a", "b"])),
    st.builds(lambda own: {"posts": own}, st.integers(1, 4)),
    st.builds(lambda own: {"authors": own}, st.integers(1, 4)),
    st.builds(lambda low: {"numbers": {"dead": {"at_least": low}}}, st.integers(0, 4)),
    st.builds(lambda high: {"numbers": {"dead": {"at_most": high}}}, st.integers(0, 4)),
    st.builds(lambda own: {"languages": own}, st.lists(st.sampled_from(["en", "es"]), min_size=1, unique=True)),
    st.builds(lambda own: {"entities": [own]}, st.sampled_from(["LOCATION", "RESCUE"])),
    st.builds(lambda own: {"state": [own]}, st.sampled_from(["open", "closed"])),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda own: {"any": own}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda own: {"all": own}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda own: {"not": own}, inner),
    ),
    max_leaves=6,
)
facts = st.fixed_dictionaries(
    {
        "type": st.sampled_from([*BELOW, None]),
        "classes": st.sampled_from([{"a": 1.0}, {"b": 1.0}, {}]),
        "numbers": st.builds(
            lambda own: {} if own is None else {"dead": (0, own)}, st.sampled_from([None, 0, 1, 3, 9])
        ),
        "languages": st.lists(st.sampled_from(["en", "es"]), unique=True).map(tuple),
        "entities": st.dictionaries(st.sampled_from(["LOCATION", "RESCUE"]), st.integers(0, 1)),
        "state": st.sampled_from(["open", "closed"]),
        "posts": st.integers(4, 6),
        "authors": st.integers(1, 4),
    }
)


@settings(max_examples=100, deadline=None)
@given(conditions, facts)
def test_what_holds_on_an_incident_can_hold_and_not_turns_it_around(when, own):
    tree = compile(When.model_validate(when), BELOW)
    outcome = evaluate(tree, incident(**own))
    if outcome.holds:
        assert satisfiable(tree, DOMAINS)
        assert not list(outcome.failed())
    else:
        assert list(outcome.failed())
    assert holds({"not": when}, **own) is not outcome.holds


# Areas


def square(west: float, south: float, size: float) -> dict:
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def test_the_size_of_a_polygon_is_that_on_the_globe():
    from shapely.geometry import shape

    assert square_kilometres(shape(square(0, 0, 1))) == pytest.approx(12_364, rel=0.01)
    assert square_kilometres(shape(square(0, 60, 1))) == pytest.approx(6_087, rel=0.01)


def test_the_smallest_area_that_holds_the_place_is_told():
    routing = read_routing(EXAMPLE)
    assert [own.agency for own in decide(routing, incident(), AT).notices] == ["valley-traffic-police", "ambulance"]
    elsewhere = decide(routing, incident(place=POKHARA), AT)
    assert [own.agency for own in elsewhere.notices] == ["national-traffic-police", "ambulance"]


def test_a_polygon_does_not_hold_a_country_whose_mean_point_is_in_it():
    routing = read_routing(EXAMPLE)
    nepal = Where(name="Nepal", kind="country", country="Nepal", latitude=27.7, longitude=85.3)
    assert decide(routing, incident(place=nepal), AT).notices[0].agency == "national-traffic-police"


def test_an_incident_that_nobody_covers_is_told_to_the_desk():
    routing = read_routing(EXAMPLE)
    for place in (None, Where(name="Lima", kind="city", country="Peru", latitude=-12.05, longitude=-77.04)):
        (notice,) = decide(routing, incident(place=place, numbers={}), AT).notices
        assert notice.agency == "civil-defence"
        assert notice.why == "no traffic_police covers the place of this incident"


def test_a_state_holds_its_towns_and_a_town_what_is_near():
    texas = Territory(False, None, (Named("state", "texas", "unitedstates"),))
    dallas = Territory(False, None, (Named("city", "dallas", "unitedstates", 32.78, -96.8),))
    near = Where(name="Dallas", kind="city", country="United States", state="Texas", latitude=32.7, longitude=-96.8)
    assert texas.claim(near).size > dallas.claim(near).size
    far = near.model_copy(update={"name": "Austin", "latitude": 30.27, "longitude": -97.74})
    assert texas.claim(far) and dallas.claim(far) is None
    country = Where(name="United States", kind="country", country="United States", latitude=32.78, longitude=-96.8)
    assert texas.claim(country) is None and dallas.claim(country) is None


# Hours and silences


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-02T19:59:00Z", True),  # Monday, 20:59 in Rome
        ("2026-03-02T22:30:00Z", True),
        ("2026-03-03T04:59:00Z", True),  # the shift of Monday
        ("2026-03-03T05:00:00Z", False),
        ("2026-03-03T22:30:00Z", False),  # Tuesday
        ("2026-03-02T04:30:00Z", False),  # the shift of Sunday
    ],
)
def test_a_shift_over_midnight_counts_by_the_day_on_which_it_began(at, expected):
    hours = Hours.model_validate({"days": ["mon"], "from": "20:59", "until": "06:00", "zone": "Europe/Rome"})
    assert hours.holds(datetime.fromisoformat(at)) is expected


def test_outside_of_its_hours_the_escalation_of_an_agency_is_told():
    routing = read_routing(EXAMPLE)
    thirst = incident(
        type="flood",
        classes={"requests_or_urgent_needs": 1.0},
        examples=({"id": "1", "text": "no drinking water here"},),
    )
    told = {own.rule.id: own for own in decide(routing, thirst, AT).notices}
    assert told["need-of-water"].agency == "relief"
    night = decide(routing, thirst, AT + timedelta(hours=12)).notices
    (desk,) = (own for own in night if own.agency == "civil-defence")
    assert (desk.rule.id, desk.also) == ("flood-rescue", ("need-of-water",))


SILENCE = """silences:
  - {place: Nepal, agency: ambulance, until: "2026-03-02T10:00:00Z", by: A. Person, reason: exercise}
"""


def test_a_silence_is_shown_with_its_name_and_ends(folder):
    (folder / "silences.yaml").write_text(SILENCE)
    routing = read_routing(folder)
    silenced = {own.agency: own.silence for own in decide(routing, incident(), AT).notices}
    assert silenced["valley-traffic-police"] is None
    assert silenced["ambulance"].by == "A. Person"
    assert any(
        "silenced by A. Person until 2026-03-02T10:00Z: exercise" in own for own in explain(routing, incident(), AT)
    )
    assert not [own for own in decide(routing, incident(), AT + timedelta(hours=1)).notices if own.silence]
    assert read_routing(EXAMPLE).hash == routing.hash


# The configuration


@pytest.fixture
def folder(tmp_path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "routing"))


def edit(path: Path, old: str, new: str) -> int:
    """Replace a text that is there once; returns its line."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


# The lines of faults that show in another line than the edit.
ELSEWHERE = {"no relief covers Nepal": 4, "both name the country nepal": 17, "need the section cap": 47}


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("rules.yaml", "type: attack", "type: atack", "rule security: atack is not known; there are: "),
        ("rules.yaml", "{entities: [RESCUE]}", "{entities: [RESCUES]}", "RESCUES is not known; there are: LOCATION"),
        ("rules.yaml", "numbers: {injured:", "numbers: {hurt:", "hurt is not known; there are: dead, injured"),
        (
            "rules.yaml",
            "  type: flood",
            "  languages: [english]\n      type: flood",
            "english is not known; there are: ISO",
        ),
        ("rules.yaml", "{type: attack, ", "{type: attack, not: {type: human_made}, ", "security can never fire"),
        ("rules.yaml", "{kind: national_intelligence}", "{kind: navy}", "navy is not a kind of agency; there are: "),
        (
            "rules.yaml",
            "{kind: national_intelligence}",
            "{kind: fire_service}",
            "no agency is of the kind fire_service",
        ),
        ("rules.yaml", "{kind: national_intelligence}", "{agency: spies}", "rule security: there is no agency spies"),
        ("rules.yaml", "- id: medical", "- id: traffic-accident", "a rule before it has the id traffic-accident"),
        (
            "rules.yaml",
            "{type: attack, ",
            "{kind: attack, ",
            "rules.2.when.kind: is not a known key (there are: type, class, ",
        ),
        ("rules.yaml", "wait: 60s", "wait: 60", "a duration is a number with its unit: 30s"),
        ("rules.yaml", "tell: [type, ", "tell: [colour, ", "rules.2.tell.0: input should be 'place'"),
        ("agencies.yaml", "countries: [Nepal]}\n    hours", "countries: [India]}\n    hours", "no relief covers Nepal"),
        ("agencies.yaml", "{polygon: areas/valley.geojson}", "{countries: [Nepal]}", "both name the country nepal"),
        (
            "agencies.yaml",
            "kind: traffic_police\n    area: {polygon",
            "kind: trafic\n    area: {polygon",
            "trafic is not a",
        ),
        ("agencies.yaml", "{polygon: areas/valley.geojson}", "{countries: [Atlantis]}", "no country 'Atlantis'"),
        ("agencies.yaml", "escalation: national-traffic-police", "escalation: nobody", "there is no agency nobody"),
        ("agencies.yaml", "desk: civil-defence", "desk: nobody", "there is no agency nobody"),
        ("agencies.yaml", "watched: [Nepal]", "watched: [Peru]", "no traffic_police covers Peru"),
        (
            "agencies.yaml",
            "cap: {sender: desk@crisisflow.example, status: Test, scope: Restricted}",
            "",
            "need the section cap",
        ),
        ("agencies.yaml", "scope: Restricted", "scope: Public", "input should be 'Restricted' or 'Private'"),
        ("agencies.yaml", "zone: Asia/Kathmandu", "zone: Asia/Nowhere", "there is no time zone 'Asia/Nowhere'"),
        ("ontology.yaml", "classes: [missing_or_found_people]", "classes: [lost]", "lost is not among classes"),
        ("ontology.yaml", "      attack:", "      flood:", "the type flood stands in natural.flood already"),
    ],
)
def test_a_fault_is_one_line_with_file_and_line(folder, file, old, new, said):
    line = edit(folder / file, old, new)
    with pytest.raises(CrisisflowError) as error:
        read_routing(folder)
    message = str(error.value)
    assert "\n" not in message
    assert said in message
    assert message.startswith(f"{folder / file}, line {ELSEWHERE.get(said, line)}: ")


def test_channels_with_equal_names_and_secrets_in_the_file_are_refused(folder):
    plain = "{channel: folder, name: files, folder: delivered/ambulance}"
    for new, said in (
        (f"{plain}\n      - {plain}", "two channels have the same name"),
        (
            "{channel: webhook, name: hook, url: 'https://a.example/', secrets: [whsec_AAAA]}",
            "the secret itself stands there; write it to a file",
        ),
        ("{channel: webhook, name: hook, url: 'ftp://a.example/', secrets: [a]}", "not an address of http or https"),
        (
            "{channel: webhook, name: hook, url: 'http://a:b@a.example/', secrets: [a]}",
            "a password stands in the address",
        ),
        ("{channel: email, name: mail, to: nobody, sender: a@b.example, server: mx.example}", "not an e-mail address"),
        ('{channel: email, name: mail, to: "a@b.example\\nBcc: c", sender: a@b.example, server: m}', "no line break"),
    ):
        copy = Path(shutil.copytree(folder, folder.parent / "copy", dirs_exist_ok=True))
        edit(copy / "agencies.yaml", plain, new)
        with pytest.raises(CrisisflowError, match=r"agencies\.yaml, line ") as error:
            read_routing(copy)
        assert said in str(error.value)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "Point is not a Polygon"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "a ring is open"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "Self-intersection"),
        ({"type": "Polygon", "coordinates": [[[27, 95], [28, 95], [28, 96], [27, 95]]]}, "longitude first"),
        ({"type": "Polygon", "coordinates": 7}, "not the coordinates of a Polygon"),
        ({"type": "FeatureCollection", "features": []}, "has no polygon"),
    ],
)
def test_a_damaged_polygon_is_refused(folder, geometry, said):
    (folder / "areas" / "valley.geojson").write_text(json.dumps(geometry))
    with pytest.raises(CrisisflowError, match=r"agencies\.yaml, line \d+: ") as error:
        read_routing(folder)
    assert said in str(error.value)


def test_two_agencies_with_the_same_polygon_have_equal_claims(folder):
    edit(
        folder / "agencies.yaml",
        "name: National Traffic Police\n    kind: traffic_police\n    area: {countries: [Nepal]}",
        "name: Further Police\n    kind: traffic_police\n    area: {polygon: areas/valley.geojson}",
    )
    with pytest.raises(CrisisflowError, match="equally large and overlap"):
        read_routing(folder)


def test_the_hash_changes_with_a_rule_an_agency_and_a_polygon_but_not_with_a_comment(folder):
    first = read_routing(folder).hash
    (folder / "rules.yaml").write_text((folder / "rules.yaml").read_text() + "# a comment\n")
    assert read_routing(folder).hash == first
    found = {first}
    edit(folder / "rules.yaml", "repeat: 6h", "repeat: 7h")
    found.add(read_routing(folder).hash)
    edit(folder / "agencies.yaml", "Valley Traffic Police", "Traffic Police of the Valley")
    found.add(read_routing(folder).hash)
    (folder / "areas" / "valley.geojson").write_text(json.dumps(square(85, 27, 1)))
    found.add(read_routing(folder).hash)
    assert len(found) == 4


# Incidents, and the explanation


def test_explain_names_the_condition_that_failed():
    lines = list(explain(read_routing(EXAMPLE), incident(authors=1, posts=1, type="flood"), AT))
    at = lines.index("  flood-rescue: did not fire")
    assert lines[at + 1] == "    authors: at least 2; found 1"
    assert "    type: traffic_accident; found flood" in lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ('{"id": "a"}', "line 1: confidence: field required"),
        ('[{"id": "a"}]', "entry 1: confidence"),
        ('{"id": "a", "confidence": 2}', "confidence: input should be less than"),
    ],
)
def test_a_damaged_incident_is_named(tmp_path, text, said):
    path = tmp_path / "incidents.jsonl"
    path.write_text(text)
    with pytest.raises(CrisisflowError) as error:
        read_incidents(path)
    assert said in str(error.value)


def test_incidents_come_from_a_list_and_from_lines(tmp_path):
    own = incident()
    for text in (f"[{own.model_dump_json()}]", f"{own.model_dump_json()}\n\n"):
        path = tmp_path / "incidents.json"
        path.write_text(text)
        assert read_incidents(path) == [own]


def test_the_command_explains_and_names_a_damaged_time(tmp_path, capsys, monkeypatch):
    from crisisflow import cli

    path = tmp_path / "incidents.jsonl"
    path.write_text(incident().model_dump_json())
    for at, code, out, err in (
        ("2026-03-02T09:00:00Z", None, "-> valley-traffic-police: high, by traffic-accident", ""),
        ("yesterday", 2, "", "--at yesterday is not a time"),
    ):
        monkeypatch.setattr("sys.argv", ["crisisflow", "route", "--explain", str(path), "--at", at])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        assert (end.value.code, out in said.out, err in said.err) == (code, True, True)
