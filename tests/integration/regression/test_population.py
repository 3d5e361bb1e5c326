"""Populations as they ship: overlays go through a real sync, and what it would leave out is an error with a place."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from livegate.errors import ConfigError, SuiteError
from livegate.model.instants import HOUR, MINUTE, parse
from livegate.regression import ask
from livegate.regression.population import issued, serving
from livegate.regression.suite import Suite, loads

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.engine import Engine
    from livegate.project import Project

START = parse("2026-11-23T12:00:00Z")
GRANT = "{id: g-900, subject: erin, entitlement: 'orders:dba', scope: '*'}"
BOB = "{id: e-900, subject: bob@example.com, resource: 'database:orders-prod', actions: [administer], approval: {}"


def suite(given: str = "{}", *, population: str = "example", file: Path | None = None, steps: str = "") -> Suite:
    """A suite of one case that is given this."""
    text = f"suite: A\npopulation: {population}\ninstant: 2026-11-23T12:00:00Z\ngiven: {given}\n"
    case = "request: {}, expect: {decision: deny, reasons: [request.malformed]}"
    text += f"cases: [{{name: a, controls: [C3], {case}}}]\n{steps}"
    return loads(text.encode(), file=str(file) if file else "s.yaml")


def documents(project: Project, folder: Path, made: Suite) -> Any:
    """The documents of its population."""
    return issued(project, made.given, folder).documents


def refused(project: Project, folder: Path, made: Suite) -> str:
    """The message with which its population is refused."""
    with pytest.raises(SuiteError) as caught:
        issued(project, made.given, folder)
    return str(caught.value)


def test_records_come_in_and_go_by_the_sync_of_the_example(project: Project, tmp_path: Path) -> None:
    before = documents(project, tmp_path / "a", suite())
    given = f"""
  with: {{grants: [{GRANT}, {{id: g-003, subject: bob, entitlement: 'ledger:viewer', scope: '*'}}],
    identities: [{{id: nina, type: agent, status: active, owners: [alice, bob], environment: prod, sponsor: carol}}],
    elevations: [{BOB}, not_before: -1m, expires_at: +1h, max_uses: 2}}]}}
  without: {{grants: [g-001], elevations: [e-101], break_glass: [b-201], mandates: [m-307]}}
"""
    after = documents(project, tmp_path / "b", suite(given))
    assert before["iga"]["grants"]["erin"].keys() | {"orders:dba@*"} == after["iga"]["grants"]["erin"].keys()
    assert "g-900" in after["iga"]["grants"]["erin"]["orders:dba@*"]
    assert after["iga"]["grants"]["bob"].keys() - before["iga"]["grants"]["bob"].keys() == {"ledger:viewer@*"}
    assert before["iga"]["grants"]["bob"].keys() - after["iga"]["grants"]["bob"].keys() == {
        "ledger:payments-approver@*"
    }
    assert before["iga"]["grants"]["alice"].keys() - after["iga"]["grants"]["alice"].keys() == {
        "orders:dba@account:prod"
    }
    assert after["iga"]["identities"].keys() - before["iga"]["identities"].keys() == {"nina"}
    unchanged = before["iga"]["identities"].items() & after["iga"]["identities"].items()
    assert len(unchanged) == len(before["iga"]["identities"])
    elevation = after["pam"]["elevations"]["bob"]["e-900"]
    assert (elevation["system"], elevation["max_uses"], elevation["expires_at"]) == ("example-pam", 2, START + HOUR)
    assert "e-101" in before["pam"]["elevations"]["alice"]
    assert "e-101" not in after["pam"]["elevations"]["alice"]
    assert "b-201" not in after["pam"]["break_glass"]["heidi"]
    assert "m-307" not in after["pam"]["mandates"].get("agent-crm", {})
    snapshot = before["iga"]["snapshots"]["example-iga"]
    assert after["iga"]["snapshots"]["example-iga"]["count"] == snapshot["count"] + 1
    assert after["iga"]["snapshots"]["example-iga"]["observed_at"] == snapshot["observed_at"] == START


def test_editing_an_export_changes_nothing_else(project: Project, tmp_path: Path) -> None:
    """An overlay that puts in what is there already leaves the documents as they were."""
    same = "{with: {grants: [{id: g-017, subject: ivan, entitlement: 'orders:dba', scope: 'database:orders-staging', "
    same += "expires_at: 2026-12-15T17:00:00Z}], identities: [{id: alice, type: human, status: active, "
    same += "user_name: alice@example.com, names: ['https://login.example#00u0001']}]}}"
    before = documents(project, tmp_path / "a", suite())["iga"]
    after = documents(project, tmp_path / "b", suite(same))["iga"]
    for part in ("identities", "grants", "denies", "proofs", "guards"):
        assert before[part] == after[part]


def test_sources_are_read_when_the_suite_says(project: Project, tmp_path: Path) -> None:
    found = documents(project, tmp_path, suite("{synced: +2h, outage: +5m}"))
    assert found["iga"]["snapshots"]["example-iga"]["observed_at"] == START + 2 * HOUR
    assert found["pam"]["elevations"]["alice"]["e-101"]["expires_at"] == parse("2026-11-23T13:30:00Z")
    assert found["pam"]["bundle"]["issued_at"] == START + 2 * HOUR
    assert found["revocations"]["bundle"]["issued_at"] == START + 2 * HOUR + 5 * MINUTE


DENY = GRANT[:-1] + ", effect: deny}"
MANDATE = """{id: m-9, agent: agent-ops, subject: alice@example.com, state: active, not_before: -1h, expires_at: +1h,
  tasks: [t], authorities: [], parent: {agent: agent-ops, id: m-8}}"""
NAMED = "{id: c, type: human, status: active, manager: 'a|b'}"


@pytest.mark.parametrize(
    ("given", "place", "message"),
    [
        ("{without: {grants: [g-0O1]}}", "s.yaml:4:28", "'g-0O1' is none of the population's grants\n  → did you mean"),
        ("{without: {mandates: [x]}}", "s.yaml:4:30", "'x' is none of the population's mandates\n  → one of"),
        (
            f"{{with: {{grants: [{GRANT.replace('erin', 'eryn')}]}}}}",
            "s.yaml:4:25",
            "leaves out 'g-900': no one identity",
        ),
        (
            f"{{with: {{grants: [{DENY}, {GRANT.replace('g-900', 'g-8').replace('erin', 'x')}]}}}}",
            "s.yaml:4:",
            "leaves out 'g-8'",
        ),
        (f"{{with: {{grants: [{DENY.replace('erin', 'x')}]}}}}", "s.yaml:4:8", "denies match no identity"),
        (
            f"{{with: {{elevations: [{BOB.replace('bob@example.com', 'bob')}, not_before: -1m, expires_at: +1h}}]}}}}",
            "s.yaml:4:29",
            "the sync leaves out 'e-900': its subject 'bob' matches no one identity",
        ),
        (
            f"{{with: {{elevations: [{BOB}, not_before: +1h, expires_at: -1m}}]}}}}",
            "s.yaml:4:29",
            "the sync leaves out 'e-900': expires_at is not after",
        ),
        (f"{{with: {{mandates: [{MANDATE}]}}}}", "s.yaml:4:27", "the sync leaves out 'm-9': "),
        (f"{{with: {{identities: [{NAMED}]}}}}", "s.yaml:4:29", "leaves out 'c': its manager 'a|b' holds one of"),
        ("{documents: {config: {leeway: soon}}}", "s.yaml:4:29", "documents.config: leeway: must be of type integer"),
        ("{documents: {catalog: {actions: null}}}", "s.yaml:4:30", "documents.catalog: "),
        ("{documents: {catalog: {profiles: {timesheets-portal: {pep: nobody}}}}}", "s.yaml:4:30", "nobody"),
    ],
    ids=range(12),
)
def test_what_no_sync_would_take_is_told_by_place(
    project: Project, tmp_path: Path, given: str, place: str, message: str
) -> None:
    found = refused(project, tmp_path, suite(given))
    assert found.startswith(place)
    assert message in found


def test_what_a_step_has_put_in_may_go_and_come_again(project: Project, tmp_path: Path) -> None:
    steps = f"""scenes:
  - name: s
    controls: [C3]
    steps:
      - {{name: a, given: {{with: {{grants: [{GRANT}]}}}}, request: {{}}, expect: {{decision: deny, reasons: [a.b]}}}}
      - {{name: b, given: {{without: {{grants: [g-900]}}}}, request: {{}}, expect: {{decision: deny, reasons: [a.b]}}}}
      - {{name: c, given: {{with: {{grants: [{GRANT}]}}}}, request: {{}}, expect: {{decision: deny, reasons: [a.b]}}}}
"""
    _, a, b, c = suite(steps=steps).cases
    held = [
        "orders:dba@*" in issued(project, case.given, tmp_path / case.name[-1]).documents["iga"]["grants"]["erin"]
        for case in (a, b, c)
    ]
    assert held == [True, False, True]
    assert a.given == c.given


def test_an_empty_population_needs_no_example(copy: Project, tmp_path: Path, opa_engine: Engine) -> None:
    shutil.rmtree(copy.data / "example")
    for path in copy.sources.glob("*.yaml"):
        path.unlink()
    given = """
  with:
    identities: [{id: ada, type: human, status: active}]
    grants: [{id: g, subject: ada, entitlement: 'ledger:viewer', scope: '*'}]
"""
    with pytest.raises(ConfigError, match="example organisation is not in this project"):
        issued(copy, suite().given, tmp_path / "a")
    request = {
        "subject": {"type": "human", "id": "ada"},
        "action": {"name": "read"},
        "resource": {"type": "payment", "id": "p-1"},
        "context": {"pep": "ledger-api"},
    }
    asked = [ask.Question(request=request, instant=START + offset) for offset in (0, HOUR - 1, HOUR)]
    for given_, expected in ((given, [True, True, False]), ("{}", [False, False, False])):
        with serving(copy, suite(given_, population="empty").given, opa_engine, folder=tmp_path) as served:
            assert served.documents["iga"]["identities"].keys() == ({"ada"} if "ada" in given_ else set())
            assert [answer["decision"] for answer in ask.answers(served.opa.client(), asked)] == expected


def test_a_named_population_lies_beside_its_suite(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "suites" / "deep"
    (tmp_path / "suites" / "populations").mkdir(parents=True)
    file = tmp_path / "suites" / "populations" / "firm.yaml"
    file.write_text(
        "population: A firm\nbase: example\ninstant: 2026-11-23T14:00:00Z\n"
        "with: {elevations: [{id: e-1, subject: bob@example.com, resource: 'database:x', actions: [dump],\n"
        "  not_before: -1m, expires_at: +1m, approval: {}}]}\nwithout: {grants: [g-001]}\n"
    )
    made = suite("{without: {grants: [g-002]}}", population="firm", file=folder / "s.yaml")
    found = documents(project, tmp_path / "made", made)
    assert found["pam"]["elevations"]["bob"]["e-1"]["expires_at"] == START + 2 * HOUR + MINUTE
    assert found["pam"]["bundle"]["issued_at"] == START + 2 * HOUR
    assert not {"orders:dba@account:prod", "pipeline:deployer@account:prod"} & found["iga"]["grants"]["alice"].keys()
    with pytest.raises(SuiteError, match=r"s\.yaml:2:13: population: 'frim' is not known\n.*did you mean 'firm'"):
        suite(population="frim", file=folder / "s.yaml")
    file.write_text("population: A firm\nbase: exampel\n")
    with pytest.raises(SuiteError, match=r"firm\.yaml:2:7: base: 'exampel' is not known\n.*did you mean 'example'"):
        suite(population="firm", file=folder / "s.yaml")
    file.write_text("population: A firm\nbase: example\nwithout: {grants: [g-999]}\n")
    message = refused(project, tmp_path / "again", suite(population="firm", file=folder / "s.yaml"))
    assert message.startswith(f"{file}:3:20: without.grants: 'g-999' is none of the population's grants")


def test_documents_are_issued_anew_as_they_are(project: Project, tmp_path: Path, opa_engine: Engine) -> None:
    before = documents(project, tmp_path / "a", suite(f"{{with: {{grants: [{GRANT}]}}}}"))
    folder = tmp_path / "populations"
    folder.mkdir()
    (folder / "kept.json").write_text(json.dumps(before))
    (folder / "kept.yaml").write_text("population: Kept\nbase: documents\ndocuments: kept.json\n")
    made = suite(
        "{revocations: [{kind: subject, target: bob, from: +0s}]}", population="kept", file=tmp_path / "s.yaml"
    )
    with serving(project, made.given, opa_engine, folder=tmp_path) as served:
        after = served.documents
        for root in ("catalog", "config", "iga", "pam"):
            bare = [{key: item for key, item in one[root].items() if key != "bundle"} for one in (before, after)]
            assert bare[0] == bare[1]
        assert after["revocations"]["subjects"].keys() == {"bob"}
        answers = ask.answers(served.opa.client(), [ask.Question(request={}, instant=START)])
        assert answers[0]["context"]["revisions"]["iga"] == after["iga"]["bundle"]["revision"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "no JSON object of documents"),
        ("{", "documents: "),
        ('{"iga": {}}', "documents: pam is not there"),
        ('{"iga": {}, "pam": {}, "catalogue": {}}', "no root is called 'catalogue'\n  → did you mean 'catalog'?"),
        (None, "cannot read"),
    ],
)
def test_documents_that_are_none_are_refused(tmp_path: Path, content: str | None, message: str) -> None:
    (tmp_path / "populations").mkdir()
    (tmp_path / "populations" / "kept.yaml").write_text("population: K\nbase: documents\ndocuments: kept.json\n")
    if content is not None:
        (tmp_path / "populations" / "kept.json").write_text(content)
    with pytest.raises(SuiteError) as caught:
        suite(population="kept", file=tmp_path / "s.yaml")
    assert message in str(caught.value)


def test_documents_that_no_bundle_may_hold_are_refused(project: Project, tmp_path: Path) -> None:
    before = documents(project, tmp_path / "before", suite())
    (tmp_path / "populations").mkdir()
    (tmp_path / "populations" / "kept.yaml").write_text("population: K\nbase: documents\ndocuments: kept.json\n")
    (tmp_path / "populations" / "kept.json").write_text(
        json.dumps({"iga": before["iga"] | {"grants": 5}, "pam": before["pam"]})
    )
    made = suite(population="kept", file=tmp_path / "s.yaml")
    with pytest.raises(SuiteError, match="kept: iga: grants: must be of type"):
        issued(project, made.given, tmp_path / "made")


def test_what_was_synced_is_taken_as_it_stands(copy: Project, tmp_path: Path) -> None:
    made = suite("{revocations: [{kind: subject, target: bob, from: +0s}]}", population="synced")
    with pytest.raises(ConfigError, match=r"there is no iga document\n.*livegate sync"):
        issued(copy, made.given, tmp_path / "a")
    found = documents(copy, tmp_path / "b", suite(f"{{with: {{grants: [{GRANT}]}}}}"))
    for root in ("iga", "pam"):
        (copy.data / root).mkdir()
        (copy.data / root / "data.json").write_text(json.dumps(found[root]))
    (copy.data / "revocations" / "revoked.json").write_text(
        json.dumps({"sessions": {"s-9": {"id": "r", "from": START, "issued_until": START}}})
    )
    taken = documents(copy, tmp_path / "c", made)
    assert "orders:dba@*" in taken["iga"]["grants"]["erin"]
    assert (taken["revocations"]["sessions"].keys(), taken["revocations"]["subjects"].keys()) == ({"s-9"}, {"bob"})
    assert json.loads((copy.data / "iga" / "data.json").read_text()) == found["iga"]


def test_nothing_is_made_of_a_live_population(project: Project, tmp_path: Path) -> None:
    text = "suite: A\npopulation: live\ncases:\n  - {name: a, controls: [C3], request: {}, "
    live = loads((text + "expect: {decision: deny, reasons: [request.malformed]}}\n").encode(), file="s.yaml")
    with pytest.raises(ConfigError, match="no bundles can be made of the population 'live'"):
        issued(project, live.given, tmp_path)


def test_in_an_outage_iga_and_pam_are_not_issued_again(project: Project, tmp_path: Path) -> None:
    lifetimes = "{config: {lifetimes: {iga: 600000000000, pam: 600000000000}}}"  # both are over when it has lasted
    made = documents(project, tmp_path, suite(f"{{outage: +20m, documents: {lifetimes}}}"))
    issued_at = {root: made[root]["bundle"]["issued_at"] for root in ("iga", "pam", "revocations")}
    assert issued_at == {"iga": START, "pam": START, "revocations": START + 20 * MINUTE}
