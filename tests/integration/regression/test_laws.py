"""Laws against the real policy: all hold; of a policy that breaks them each is found, made small, and can be pasted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from livegate.cli.regress import regress
from livegate.cli.regress.laws import show_table
from livegate.errors import SuiteError
from livegate.project import Project
from livegate.regression.cases import Given
from livegate.regression.laws import rego, report
from livegate.regression.laws.check import run
from livegate.regression.laws.law import Book, load_all, loads
from livegate.regression.population import serving
from livegate.regression.suite import load
from livegate.regression.suite import loads as suite_of

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.opa.client import OpaClient
    from livegate.opa.engine import Engine
    from livegate.regression.laws.check import Report

    from .conftest import Change

LAWS = ROOT / "tests" / "policy" / "laws"

# What is not allowed by any gate: an answer that says yes to everything, and says it wrongly.
YES = """package authz

import future.keywords.not

evaluation := {"decision": true, "context": {
	"reasons": [{"id": "a.b", "gate": "a"}],
	"obligations": [],
	"valid_until": "2026-11-23T11:00:00Z",
	"cache": {"store": true, "until": "2026-11-23T11:00:01Z"},
	"evidence": {"elevation": _elevation, "said": input},
	"evaluated_at": time.format(time.now_ns()),
}}

default _elevation := {"kind": "elevation", "id": "e-101"}

_elevation := {"kind": "break_glass", "id": "b-201"} if input.subject.id == "heidi"
"""

# An answer that says no to everything, and says it wrongly.
NO = """package authz

import future.keywords.not

evaluation := {"decision": false, "context": {
	"reasons": _reasons,
	"obligations": [{"id": "x", "type": "x"}],
	"evidence": {"said": "much"},
	"evaluated_at": time.format(time.now_ns()),
}}

default _reasons := []

_reasons := [{"id": "request.malformed", "gate": "request"}, {"id": "a.b", "gate": "a"}] if {
	input.subject.id != "bob"
}
"""

# Upside down: alice is denied while everything is there that she needs, and allowed once anything is missing; anybody
# else is allowed while something is there that speaks against it, and only at the instants of whole seconds.
UPSIDE_DOWN = """package authz

import future.keywords.not

evaluation := {"decision": _decision, "context": {
	"reasons": _reasons,
	"obligations": [{"id": id, "type": id} | some id in _odd],
	"valid_until": "2026-11-23T12:15:00Z",
	"evidence": {"elevation": {"id": _some}},
	"evaluated_at": time.format(time.now_ns()),
}}

default _some := "none"

_some := min(object.keys(data.revocations.elevations)) if count(data.revocations.elevations) > 0

default _decision := false

_decision if {
	input.subject.id == "alice"
	not _whole
}

_decision if {
	input.subject.id != "alice"
	data.iga.denies.frank != {}
	time.now_ns() % 1000000000 == 0
}

default _reasons := []

_reasons := [{"id": "a.b", "gate": "a"}] if not _decision

_whole if {
	count(data.iga.grants.alice) > 2
	count(data.pam.elevations.alice) > 5
	count(data.pam.elevations.alice["e-101"].approvers) > 0
	count(data.pam.break_glass.heidi) > 3
	count(data.pam.mandates["agent-recon"]) > 1
	count(data.trust.keys) > 3
	every issuer in object.keys(data.trust.keys) {
		some use in data.trust.keys[issuer]
		count(use) > 0
	}
	count(data.trust.roots) > 0
	data.iga.proofs["https://login.example#00u0001"]
	data.iga.snapshots["example-iga"].observed_at >= 1795435200000000000
	data.pam.snapshots["example-pam"].observed_at >= 1795435200000000000
	data.trust.snapshots.minted.observed_at >= 1795435200000000000
	not data.iga.denies.alice
	data.revocations.subjects == {}
	startswith(data.iga.identities.carol, "active")
}

_odd contains "member" if input["x-unknown"]

_odd contains "order" if input.context.confirmations[0] == "bob"

_odd contains data.config.never

_odd contains data.iga.guards[0]

_odd contains data.pam.elevations.carol["e-104"].approvers[0]
"""

QUERY = """suite: One
population: example
instant: 2026-11-23T12:00:00Z
cases:
  - name: somebody confirms
    controls: [C3]
    request:
      subject: {type: human, id: frank}
      action: {name: transfer, properties: {transfers: 1}}
      resource: {type: payment, id: "4711"}
      context: {pep: ledger-api, session: s-1, ticket: FIN-1, confirmations: [bob, carol, alice]}
    expect: {decision: deny, reasons: [entitlement.missing]}
  - name: one shows the token of another
    controls: [C3]
    request:
      subject: {type: service_account, id: svc-reporting}
      action: {name: query}
      resource: {type: database, id: orders-prod}
      context: {pep: db-proxy}
    credential: {kind: jwt-svid, issuer: prod.example, claims: {sub: spiffe://prod.example/ledger/payments}}
    expect: {decision: deny, reasons: [proof.subject_mismatch]}
  - name: nobody answers for this one
    controls: [C3]
    request:
      subject: {type: service_account, id: svc-legacy}
      action: {name: query}
      resource: {type: database, id: orders-prod}
      context: {pep: db-proxy, session: s-1, ticket: CHG-1}
    expect: {decision: deny, reasons: [identity.ownerless]}
  - name: the mandate is revoked
    controls: [C3]
    given: {revocations: [{kind: mandate, target: m-301, from: -1h}]}
    request:
      subject: {type: agent, id: agent-recon}
      action: {name: read}
      resource: {type: payment, id: "4711"}
      context: {pep: ledger-api, task: reconcile-2026-10, mandate: m-301}
    expect: {decision: deny, reasons: [revocation.mandate]}
"""

_OWNERLESS = ("\t_owned\n\t_at_home\n}", "\t_at_home\n}")


def tried(
    project: Project,
    engine: Engine,
    book: Book,
    *,
    count: int = 60,
    small: int = 0,
    most: int = 20_000,
    populations: int = 1,
) -> Report:
    """The laws tried on little: one case, what the documents suggest, and a few random requests."""
    suites = [suite_of(QUERY.encode(), file="q.yaml")]
    return run(project, book, suites, engine, count=count, seed=5, small=small, most=most, populations=populations)


@pytest.fixture(scope="module")
def client(opa_engine: Engine) -> Iterator[OpaClient]:
    """Of an OPA with the example organisation."""
    with serving(Project.at(ROOT), Given(population="example"), opa_engine) as served:
        made = served.opa.client()
        with made.session:
            yield made


def names(outcome: Report, word: str) -> set[str]:
    """The laws with this verdict."""
    return {result.law.name for result in outcome.results if report.verdict(result) == word}


def one(text: str, *, name: str = "A law") -> Book:
    """A book of one law."""
    head = f"title: One\nlaws:\n  - law: {name}\n    controls: [C3]\n"
    return Book(laws=loads((head + text).encode(), file="one.yaml"), modules=load_all([LAWS]).modules)


def test_every_law_of_this_repository_holds(project: Project, opa_engine: Engine) -> None:
    suites = [load(ROOT / "tests" / "policy" / f"{name}.yaml") for name in ("break_glass", "revocation", "transaction")]
    outcome = run(project, load_all([LAWS]), suites, opa_engine, count=120, seed=3, populations=3, most=600)
    assert not outcome.undecided
    assert names(outcome, "broken") == set()
    assert len(names(outcome, "holds")) >= 45


def test_every_law_is_broken_by_a_policy_that_breaks_it(copy: Project, opa_engine: Engine) -> None:
    book = load_all([LAWS])
    broken: set[str] = set()
    conditions = replace(book, laws=tuple(law for law in book.laws if law.change is None))
    for policy, some, count in ((YES, conditions, 300), (NO, conditions, 0), (UPSIDE_DOWN, book, 400)):
        (copy.rego / "authz" / "authz.rego").write_text(policy)
        (copy.rego / "authz" / "authz_test.rego").unlink(missing_ok=True)
        outcome = tried(copy, opa_engine, some, count=count, populations=2)
        assert not outcome.undecided
        assert report.exit_code(outcome) == 3
        broken |= names(outcome, "broken")
    assert {law.name for law in book.laws} - broken == {
        # what it speaks of is not in the example organisation
        "Nothing that a freeze holds back is allowed, but by break-glass",
        "No allow from a bundle older than the least that is accepted",
        "Taking away a revocation never closes",
    }


def test_a_counterexample_is_small_and_can_be_pasted(
    copy: Project, opa_engine: Engine, plant: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    plant("rego/authz/gates/identity/identity.rego", *_OWNERLESS)
    outcome = tried(copy, opa_engine, load_all([LAWS / "identity.yaml"]), count=0, small=1, most=1)
    assert names(outcome, "broken") == {"No decision allows an identity that nobody answers for"}
    (found,) = [result.found for result in outcome.results if result.found]
    (case,) = suite_of(report.cases(outcome).encode(), file="pasted.yaml").cases
    assert not case.expect.allow
    assert case.request == found.trial.probe.request
    # one removal less, and it would be refused for want of shape, or not be about a service
    assert set(case.request) == {"subject", "action", "resource", "context"}
    assert set(case.request["context"]) == {"pep"}
    assert "iga.identities." in found.case
    assert any(place.startswith("iga.identities.") for place in found.rests_on)
    assert len(found.rests_on) < 40  # of some eight hundred values
    markdown = report.as_markdown(outcome)
    assert "| No decision allows an identity that nobody answers for | broken |" in markdown
    assert found.case in markdown
    show_table(outcome)
    assert found.case in capsys.readouterr().out


def test_a_change_is_made_small_too(copy: Project, opa_engine: Engine, plant: Change) -> None:
    plant(
        "rego/authz/authz.rego",
        "_allowed if {\n",
        '_allowed if not data.pam.mandates["agent-recon"]["m-301"]\n\n_allowed if {\n',
    )
    book = one("    change: {remove: mandate}\n    never: opens\n")
    (result,) = tried(copy, opa_engine, book, small=1, count=40, most=100).results
    assert result.found is not None
    assert [edit.path for edit in result.found.trial.edits] == [("pam", "mandates", "agent-recon", "m-301")]
    assert result.found.trial.probe.request == {}
    assert "    given:\n      without: {mandates: [m-301]}\n    request: {}\n" in result.found.case


def test_the_same_seed_tries_the_same(project: Project, opa_engine: Engine) -> None:
    book = load_all([LAWS / "changes.yaml"])
    book = replace(book, laws=book.laws[:2] + book.laws[-4:])
    first, again = (tried(project, opa_engine, book, most=200) for _ in range(2))
    assert [(result.tried, result.broken) for result in first.results] == [
        (result.tried, result.broken) for result in again.results
    ]
    assert first.asked == again.asked


def test_what_nothing_tries_is_vacuous(project: Project, opa_engine: Engine) -> None:
    text = '    when: input.request.subject.id == "nobody at all"\n    never: input.answer.decision\n'
    excused = one(f"{text}    may_be_vacuous: Nobody is called that.\n", name="Another")
    both = Book(laws=(*one(text).laws, *excused.laws), modules=excused.modules)
    outcome = tried(project, opa_engine, both, count=0, most=1)
    assert names(outcome, "vacuous") == {"A law"}
    assert names(outcome, "untried") == {"Another"}
    assert report.exit_code(outcome) == 3
    assert report.exit_code(replace(outcome, results=outcome.results[1:])) == 0
    assert outcome.skipped == (
        "1 cases of 1 other populations",
        "requests of 21 of 22 subjects that the documents suggest",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("data.authz.gates.identity.verdict.pass", "one.yaml:6: reads data.authz"),
        ('|\n      x := 1\n      x == data["authz"].evaluation.decision', "one.yaml:8: reads data.authz"),
        ("|\n      some root\n      data[root].evaluation", "one.yaml:8: reads data as a whole"),
        ("count(data) > 0", "one.yaml:6: reads data as a whole"),
        ("input.a with data.authz.x as 1", "one.yaml:6: reads data.authz"),
        ('|\n      http.send({"url": "http://127.0.0.1"}).body', "one.yaml:7: reads http.send"),
        ('|\n      object.get(data.authz, "a", {}).b', "one.yaml:7: reads data.authz"),
        ("|\n      [data.authz.evaluation][0].decision", "one.yaml:7: reads data.authz"),
        ('|\n      {"a": walk(data)}.a', "one.yaml:7: reads data as a whole"),
        ('rand.intn("x", 3) == 1', "one.yaml:6: reads rand.intn"),
        ("|\n      true\n      }\n      tried contains 9 if {\n      true", "one.yaml:7: is more than the body"),
        ("|\n      true\n      ((", "is no Rego"),
        ("|\n      true\n      unbound > 1", "one.yaml:8: does not compile: var unbound is unsafe"),
        ("nothing.of(1)", "one.yaml:6: does not compile"),
    ],
)
def test_a_law_that_proves_nothing_is_refused(client: OpaClient, body: str, message: str) -> None:
    with pytest.raises(SuiteError) as caught:
        rego.install(client, one(f"    when: input.answer.decision\n    always: {body}\n"))
    assert message in str(caught.value)


def test_a_module_beside_is_refused_as_well(client: OpaClient) -> None:
    book = one("    when: input.answer.decision\n    always: data.laws.x.y\n")
    for text, message in (
        ("package laws.x\n\nimport data.authz.facts\n\ny if facts.now\n", "x.rego:3: reads data.authz"),
        ("package authz\n\ny := 1\n", "its package is authz"),
        ("package laws.stated\n\ny := 1\n", "its package is laws.stated"),
        ("package laws.x\n\ny if z\n", "x.rego:3: does not compile"),
        ("package laws.x\n\ny if {{\n", "x.rego:"),
    ):
        with pytest.raises(SuiteError) as caught:
            rego.install(client, Book(laws=book.laws, modules=(("x.rego", text),)))
        assert message in str(caught.value)


def test_the_command_says_what_was_found(copy: Project, opa_engine: Engine, plant: Change) -> None:
    plant("rego/authz/gates/identity/identity.rego", *_OWNERLESS)
    folder = copy.rego.parent
    (folder / "q.yaml").write_text(QUERY)
    paths = [str(LAWS / "identity.yaml"), "--suites", str(folder / "q.yaml"), "--project", str(folder)]
    options = [
        "--count",
        "20",
        "--corpus",
        "1",
        "--seed",
        "4",
        "--format",
        "json",
        "--output",
        str(folder / "found.yaml"),
    ]
    found = CliRunner(env={"LIVEGATE_OPA": str(opa_engine.path)}).invoke(regress, ["laws", *paths, *options])
    assert found.exit_code == 3, found.output
    laws = {law["law"]: law for law in json.loads(found.stdout)["laws"]}
    said = laws["No decision allows an identity that nobody answers for"]
    assert (said["verdict"], said["line"]) == ("broken", 4)
    assert said["counterexample"]["after"]["decision"] is True
    assert len(load(folder / "found.yaml").cases) >= 1
