"""Suites are read to the nanosecond, and refused with file, line, column and the near miss."""

from __future__ import annotations

from pathlib import Path

import pytest

from livegate.errors import SuiteError
from livegate.model.instants import MINUTE, MOST, parse
from livegate.model.records import RevocationKind
from livegate.regression.suite import Case, chosen, load, load_all, loads

HEAD = """suite: A suite
population: example
instant: 2026-11-23T12:00:00Z
"""
CASE = """cases:
  - name: somebody reads
    controls: [NHI-03]
    request: {subject: {id: a}}
    expect: {decision: deny, reasons: [request.malformed]}
"""


def refused(text: str) -> str:
    """The message with which ``text`` is refused."""
    with pytest.raises(SuiteError) as caught:
        loads(text.encode(), file="s.yaml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_suite_is_read() -> None:
    suite = loads((HEAD + CASE).encode(), file="s.yaml")
    (case,) = suite.cases
    assert (suite.title, suite.file, suite.given.population) == ("A suite", "s.yaml", "example")
    assert (case.name, case.controls, case.line) == ("somebody reads", ("NHI-03",), 5)
    assert case.request == {"subject": {"id": "a"}}
    assert case.instant == parse("2026-11-23T12:00:00Z")
    assert not case.expect.allow
    assert case.expect.reasons == {"request.malformed"}
    assert case.expect.obligations is None
    assert case.expect.evidence is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("+2h", "2026-11-23T14:00:00Z"),
        ("-1ns", "2026-11-23T11:59:59.999999999Z"),
        ("+1h30m", "2026-11-23T13:30:00Z"),
        ("-1d2us3ms", "2026-11-22T11:59:59.996998Z"),
        ("2026-11-23T13:00:00.000000001+01:00", "2026-11-23T12:00:00.000000001Z"),
    ],
)
def test_an_instant_is_a_time_or_an_offset_from_the_suites(text: str, at: str) -> None:
    given = (HEAD + CASE).replace("    controls", f"    instant: {text}\n    controls")
    assert loads(given.encode(), file="s.yaml").cases[0].instant == parse(at)


def test_expectations_are_read() -> None:
    expect = "{decision: allow, obligations: [review, notify], valid_until: +1m, evidence: {request: {pep: x}}}"
    text = HEAD + CASE.replace("{decision: deny, reasons: [request.malformed]}", expect)
    expected = loads(text.encode(), file="s.yaml").cases[0].expect
    assert expected.allow
    assert expected.obligations == ("notify", "review")
    assert expected.valid_until == parse("2026-11-23T12:01:00Z")
    assert expected.evidence == {"request": {"pep": "x"}}


def test_revocations_are_given_to_a_suite() -> None:
    given = "given:\n  revocations:\n    - {kind: subject, target: bob, from: -1h}\n"
    suite = loads((HEAD + given + CASE).encode(), file="s.yaml")
    (revocation,) = suite.given.revocations
    assert revocation.kind is RevocationKind.SUBJECT
    assert (revocation.target, revocation.effective_at) == ("bob", parse("2026-11-23T11:00:00Z"))
    assert suite.given == loads((HEAD + given + CASE).encode(), file="other.yaml").given


def test_what_was_issued_after_a_revocation_may_count_again() -> None:
    given = "given:\n  revocations:\n    - {kind: subject, target: bob, from: -1h, issued_until: -30m}\n"
    (revocation,) = loads((HEAD + given + CASE).encode(), file="s.yaml").given.revocations
    assert revocation.issued_until == parse("2026-11-23T11:30:00Z")


def test_without_more_a_revocation_is_for_good() -> None:
    given = "given:\n  revocations:\n    - {kind: subject, target: bob, from: -1h}\n"
    (revocation,) = loads((HEAD + given + CASE).encode(), file="s.yaml").given.revocations
    assert revocation.issued_until == MOST


def test_an_outage_is_given_as_a_span() -> None:
    suite = loads((HEAD + "given: {outage: +20m}\n" + CASE).encode(), file="s.yaml")
    assert suite.given.outage == 20 * MINUTE
    assert loads((HEAD + CASE).encode(), file="s.yaml").given.outage == 0
    assert refused(HEAD + "given: {outage: -20m}\n" + CASE).startswith("s.yaml:4:17: given.outage: is not of the form")


CREDENTIALS = """credentials:
  token: {kind: access-token, issuer: https://login.example, claims: {sub: a, exp: +5m}, header: {typ: at+jwt}}
"""


def equipped(more: str) -> Case:
    """The case of a suite with one credential, with ``more`` lines in it."""
    text = HEAD + CREDENTIALS + CASE.replace("    expect", f"    {more}\n    expect")
    return loads(text.encode(), file="s.yaml").cases[0]


def test_a_credential_is_like_another_and_says_what_differs() -> None:
    case = equipped("credential: {like: token, claims: {sub: b, exp: '2026-11-23T12:00:30Z'}, forged: true}")
    assert case.credential == {
        "kind": "access-token",
        "issuer": "https://login.example",
        "claims": {"sub": "b", "exp": parse("2026-11-23T12:00:30Z")},
        "header": {"typ": "at+jwt"},
        "forged": True,
    }


def test_times_count_from_the_cases_own_instant() -> None:
    case = equipped("instant: +1h\n    credential: {like: token, bound: dpop, proof: {claims: {iat: -61s}}}")
    assert case.credential is not None
    assert case.credential["claims"]["exp"] == parse("2026-11-23T13:05:00Z")
    assert case.credential["proof"]["claims"]["iat"] == parse("2026-11-23T12:58:59Z")


def test_a_time_that_is_no_time_is_a_claim_that_is_wrong() -> None:
    case = equipped("credential: {like: token, claims: {exp: soon, iat: '7', nbf: null}}")
    assert case.credential is not None
    assert case.credential["claims"] == {"sub": "a", "exp": "soon", "iat": "7", "nbf": None}


def test_who_signs_is_a_name_or_says_how() -> None:
    assert equipped("signed: gate").signed == {"pep": "gate"}
    signed = equipped("signed: {pep: gate, claims: {iat: -1s}}").signed
    assert signed == {"pep": "gate", "claims": {"iat": parse("2026-11-23T11:59:59Z")}}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "credential: {like: tokn}",
            "s.yaml:10:24: cases[0].credential.like: 'tokn' is none of the suite's credentials",
        ),
        ("credential: {forged: true}", "s.yaml:10:17: cases[0].credential: names no kind"),
        ("credential: {kind: password}", "s.yaml:10:24: cases[0].credential.kind: 'password' is not known"),
        (
            "credential: {like: token, claims: {exp: +300000d}}",
            "s.yaml:10:45: cases[0].credential.claims.exp: +300000d",
        ),
        (
            "credential: {like: token, proof: {clams: {}}}",
            "s.yaml:10:39: cases[0].credential.proof: unknown key 'clams'",
        ),
    ],
)
def test_a_credential_that_cannot_be_is_refused_by_place(more: str, message: str) -> None:
    text = HEAD + CREDENTIALS + CASE.replace("    expect", f"    {more}\n    expect")
    assert refused(text).startswith(message)


@pytest.mark.parametrize("grant", ["grants: []", "elevations: {}", "catalog: {}", "config: {leeway: 0}"])
def test_documents_are_given_as_records_or_patches_alone(grant: str) -> None:
    assert refused(HEAD + f"given:\n  {grant}\n" + CASE).startswith("s.yaml:5:3: given: unknown key")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    controls", "    contrls", "s.yaml:6:5: cases[0]: unknown key 'contrls'\n  → did you mean 'controls'?"),
        ("decision: deny", "decison: deny", "s.yaml:8:14: cases[0].expect: unknown key 'decison'\n  → did you mean 'd"),
        (": example", ": exmple", "s.yaml:2:13: population: 'exmple' is not known\n  → did you mean 'example'?"),
        (": deny", ": denied", "s.yaml:8:24: cases[0].expect.decision: 'denied' is not known\n  → did you mean 'deny'"),
        ("suite: A suite", "suite: A suite\nextra: 1", "s.yaml:2:1: (top): unknown key 'extra'\n  → one of cases,"),
        ("23T12:00:00Z", "23 12:00", "s.yaml:3:10: instant: is not of the form that is asked for\n  → RFC 3339, to"),
        ("11-23T12", "11-31T12", "s.yaml:3:10: instant: '2026-11-31T12:00:00Z' is not an RFC 3339 time"),
        ("    controls", "    instant: tomorrow\n    controls", "s.yaml:6:14: cases[0].instant: is not of the form"),
        ("    controls", "    instant: +300000d\n    controls", "s.yaml:6:14: cases[0].instant: +300000d leads out of"),
        ("[NHI-03]", "[]", "s.yaml:6:15: cases[0].controls: "),
        ("    request: {subject: {id: a}}\n", "", "s.yaml:5:5: cases[0]: 'request' is a required property"),
        ("deny, reasons: [request.malformed]", "deny", "s.yaml:8:13: cases[0].expect.reasons: a denial names all"),
        ("decision: deny", "decision: allow", "s.yaml:8:40: cases[0].expect.reasons: an allow has no reasons"),
        ("reasons: [", "valid_until: +1s, reasons: [", "s.yaml:8:43: cases[0].expect.valid_until: a denial"),
        ("reasons: [", "obligations: [x], reasons: [", "s.yaml:8:43: cases[0].expect.obligations: a denial obliges"),
        ("[request.malformed]", "[request.malformed, request.malformed]", "s.yaml:8:39: cases[0].expect.reasons: "),
        ("[request.malformed]", "[Malformed]", "s.yaml:8:40: cases[0].expect.reasons[0]: is not of the form"),
        ("{id: a}", "{id: .nan}", "s.yaml:5:5: cases[0]: cannot be written as JSON"),
        ("{id: a}", "{id: !!binary YQ==}", "s.yaml:5:5: cases[0]: cannot be written as JSON"),
        ("{id: a}", "{id: !!python/name:os.system x}", "s.yaml:7:29: "),
        ("{id: a}", "{id: a, id: b}", "s.yaml:7:32: key 'id' is there twice"),
        ("{id: a}", "{id: a", "s.yaml:8:"),
        ("{id: a}", "*nobody", "s.yaml:7:24: found undefined alias"),
        ("suite: A suite", "\tsuite: A suite", "s.yaml:1:1: "),
        ("suite: A suite", "--- \nsuite: A suite\n---\na: 1", "s.yaml:3:1: "),
    ],
)  # fmt: skip
def test_a_malformed_suite_is_refused_by_place(old: str, new: str, message: str) -> None:
    text = HEAD + CASE
    assert old in text
    assert refused(text.replace(old, new, 1)).startswith(message)


def test_a_name_is_there_once() -> None:
    twice = HEAD + CASE + CASE.removeprefix("cases:\n")
    assert refused(twice).startswith("s.yaml:9:11: cases[1]: the name 'somebody reads' is taken by line 5")


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "cases", "42"])
def test_what_is_no_suite_is_refused(text: str) -> None:
    assert refused(text).startswith("s.yaml")


def test_aliases_that_stand_for_gigabytes_are_refused_at_once() -> None:
    layers = "".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 12))
    assert "100000 values" in refused(f"suite: x\nbomb:\n  l0: &l0 [a, a]\n{layers}")


def test_an_alias_inside_itself_is_refused() -> None:
    assert "inside what it names" in refused("suite: &a [*a]\n")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(SuiteError, match="not UTF-8"):
        loads(b"suite: \xff\xfe", file="s.yaml")


def test_a_byte_order_mark_and_carriage_returns_are_read() -> None:
    text = "\ufeff" + (HEAD + CASE).replace("\n", "\r\n")
    assert loads(text.encode(), file="s.yaml").cases[0].name == "somebody reads"


def test_folders_are_searched_and_files_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.yaml", "deep/a.yml", "notes.md"):
        (tmp_path / name).write_text(HEAD + CASE)
    suites = load_all([tmp_path, tmp_path / "b.yaml"])
    assert [Path(suite.file).name for suite in suites] == ["b.yaml", "a.yml"]


def test_no_suite_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="holds no suite"):
        load_all([tmp_path])
    with pytest.raises(SuiteError, match="is not there"):
        load_all([tmp_path / "nowhere"])
    with pytest.raises(SuiteError, match="cannot read"):
        load(tmp_path / "nowhere.yaml")


def test_a_suite_without_cases_is_an_error() -> None:
    assert refused(HEAD + "cases: []\n").startswith("s.yaml:4:8: cases: ")


def test_cases_are_chosen_by_file_title_and_name() -> None:
    first = loads((HEAD + CASE).encode(), file="first.yaml")
    second = loads((HEAD + CASE.replace("reads", "[writes]")).encode(), file="second.yaml")
    assert [suite.file for suite in chosen((first, second), "READS")] == ["first.yaml"]
    assert [suite.file for suite in chosen((first, second), "[w")] == ["second.yaml"]
    assert len(chosen((first, second), "a suite")) == 2
    assert len(chosen((first, second), "a-Suite")) == 2, "however words are joined"
    with pytest.raises(SuiteError, match="no case has 'x'"):
        chosen((first, second), "x")


def test_a_case_has_the_tags_of_its_suite_and_its_own() -> None:
    text = HEAD + "tags: [slow]\n" + CASE.replace("    request", "    tags: [night, slow]\n    request")
    assert loads(text.encode(), file="s.yaml").cases[0].tags == ("slow", "night")
    assert loads((HEAD + CASE).encode(), file="s.yaml").cases[0].tags == ()


def test_cases_are_chosen_by_all_of_these_tags() -> None:
    two = CASE.replace("    request", "    tags: [a, b]\n    request") + CASE.removeprefix("cases:\n").replace(
        "somebody", "nobody"
    )
    suites = (loads((HEAD + two).encode(), file="s.yaml"),)
    assert [case.name for suite in chosen(suites, tags=["a", "b"]) for case in suite.cases] == ["somebody reads"]
    with pytest.raises(SuiteError, match=r"no case has the tag 'aa'.*\n.*did you mean 'a'"):
        chosen(suites, tags=["aa"])
    with pytest.raises(SuiteError, match=r"no case has 'nobody' .* and the tags a"):
        chosen(suites, "nobody", tags=["a"])


LINES = """suite: Lines
population: example
instant: 2026-11-23T12:00:00Z
cases:
  - name: first
    controls: [C3]
    request: {}
    expect: {decision: deny, reasons: [request.malformed]}

  - name: "row {n}"
    controls: [C3]
    request: {n: "{n}"}
    expect: {decision: deny, reasons: [request.malformed]}
    table:
      - {n: 1}
      - {n: 2}
scenes:
  - name: scene
    controls: [C3]
    steps:
      - {name: one, request: {}, expect: {decision: deny, reasons: [request.malformed]}}
      - {name: two, request: {}, expect: {decision: deny, reasons: [request.malformed]}}
"""


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (5, ["first"]),
        (8, ["first"]),
        (9, ["first"]),
        (10, ["row 1", "row 2"]),
        (14, ["row 1", "row 2"]),
        (15, ["row 1"]),
        (16, ["row 2"]),
        (18, ["scene: one", "scene: two"]),
        (22, ["scene: one", "scene: two"]),
    ],
)
def test_a_line_chooses_what_stands_there(line: int, names: list[str], tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(LINES)
    (suite,) = load_all([f"{path}:{line}"])
    assert [case.name for case in suite.cases] == names
    (suite,) = load_all([Path(f"{path}:{line}:7"), f"{path}:5"])
    assert [case.name for case in suite.cases] == list(dict.fromkeys(["first", *names]))
    (suite,) = load_all([f"{path}:{line}", path])
    assert len(suite.cases) == 5


def test_the_line_of_each_case_chooses_it(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(LINES)
    for case in load(path).cases:
        assert case.name in {found.name for found in load_all([f"{path}:{case.line}"])[0].cases}


def test_a_line_before_all_cases_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(LINES)
    with pytest.raises(SuiteError, match=r"s\.yaml:3: no case stands there\n.*the first is on line 5"):
        load_all([f"{path}:3"])
    with pytest.raises(SuiteError, match="is not there"):
        load_all([f"{tmp_path}/t.yaml:3"])


def test_populations_and_laws_beside_suites_are_no_suites(tmp_path: Path) -> None:
    for name in ("a.yaml", "populations/p.yaml", "laws/l.yaml", "equivalent.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(LINES if name == "a.yaml" else "not: a suite\n")
    assert [Path(suite.file).name for suite in load_all([tmp_path])] == ["a.yaml"]


LIVE = """suite: Smoke
population: live
cases:
  - name: somebody reads
    controls: [C3]
    request: {}
    expect: {decision: deny, reasons: [request.malformed]}
"""


def test_a_live_suite_needs_no_instant() -> None:
    suite = loads(LIVE.encode(), file="s.yaml")
    assert suite.given.live
    assert suite.cases[0].instant == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "cases:",
            "instant: 2026-11-23T12:00:00Z\ncases:",
            "s.yaml:3:1: instant: cannot be said of a live population: its",
        ),
        ("cases:", "given: {outage: +1m}\ncases:", "s.yaml:3:1: given: cannot be said of a live population"),
        ("    request: {}", "    request: {}\n    instant: +1m", "s.yaml:7:5: cases[0]: instant cannot be said"),
        ("    request: {}", "    request: {}\n    signed: gate", "s.yaml:7:5: cases[0]: signed cannot be said"),
        ("deny,", "allow, valid_until: +1m,", "s.yaml:7:31: cases[0].expect: valid_until cannot be said of a live"),
    ],
)
def test_what_a_live_suite_cannot_say_is_refused(old: str, new: str, message: str) -> None:
    assert refused(LIVE.replace(old, new)).startswith(message)


def test_no_instant_is_an_error_elsewhere() -> None:
    text = (HEAD + CASE).replace("instant: 2026-11-23T12:00:00Z\n", "")
    assert refused(text).startswith("s.yaml:1:1: (top): 'instant' is a required property")


def test_cases_or_scenes_must_be_there() -> None:
    assert refused(HEAD).startswith("s.yaml:1:1: (top): is of no form that is asked for\n  → cases, or scenes, or both")


def test_ten_thousand_cases_are_read_without_asking_where_each_value_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(text: str, *, file: str) -> None:
        raise AssertionError(f"the places of {file} ({len(text)} characters) were looked for")

    monkeypatch.setattr("livegate.regression.places.places", never)
    monkeypatch.setattr("livegate.regression.reading.places", never)
    one = CASE.removeprefix("cases:\n").replace("    request", "    given: {synced: +1m}\n    request")
    text = HEAD + "cases:\n" + "".join(one.replace("somebody", f"somebody {number}") for number in range(10_000))
    suite = loads(text.encode(), file="s.yaml")
    assert len(suite.cases) == 10_000
    assert suite.cases[-1].line == 5 + 5 * 9_999
