"""``livegate regress diff``: a complete corpus equals brute force, planted changes name exactly whom they concern."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from livegate.bundle import archive, keys
from livegate.bundle.build import MANIFEST, pack
from livegate.bundle.signing import NAME as SIGNATURES
from livegate.bundle.signing import KeySigner
from livegate.bundle.verify import inspect
from livegate.cli import main_group
from livegate.errors import ConfigError
from livegate.model.instants import show
from livegate.pipeline import example
from livegate.project import Project
from livegate.regression.cases import Given
from livegate.regression.diff import asking, report, sides
from livegate.regression.diff.changes import What
from livegate.regression.diff.corpus import Wanted, corpus
from livegate.regression.diff.markdown import LIMIT, as_markdown
from livegate.regression.diff.run import Diff, Options, diff
from livegate.regression.diff.world import World
from livegate.regression.population import issued
from livegate.schema import validator

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.opa.engine import Engine

    from .conftest import Change

KEPT = ("alice", "bob", "carol", "dave", "frank", "heidi", "ci-deploy", "agent-recon")
EXAMPLE = Given(population="example")


def _shrink(project: Project) -> Project:
    """The example organisation with a few of its people, who hold all kinds of things."""
    folder = project.data / "example"
    for name, column in (("identities.csv", "id"), ("grants.csv", "subject")):
        with (folder / name).open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in rows if row[column] in KEPT)
        (folder / name).write_text(out.getvalue())
    for name, column in (("elevations.jsonl", "subject"), ("breakglass.jsonl", "subject"), ("mandates.jsonl", "agent")):
        lines = (folder / name).read_text().splitlines()
        kept = [line for line in lines if json.loads(line)[column].partition("@")[0] in KEPT]
        (folder / name).write_text("".join(f"{line}\n" for line in kept))
    return project


@pytest.fixture
def base(copy: Project, tmp_path: Path) -> Project:
    """A small organisation; ``copy`` is the same, to plant changes in."""
    _shrink(copy)
    folder = tmp_path / "base"
    subprocess.run(["cp", "-r", str(copy.rego.parent), str(folder)], check=True)
    return Project.at(folder)


@pytest.fixture
def compared(base: Project, copy: Project, opa_engine: Engine) -> Callable[..., Diff]:
    """Compares the two, without their suites."""

    def run(**options: Any) -> Diff:
        old, new = (sides.recognise(str(one.rego.parent), copy) for one in (base, copy))
        wanted = Options(**{"cases": (), "public_keys": copy.keys, **options})
        return diff(old, new, copy, opa_engine, wanted, now=example.INSTANT)

    return run


def _told(found: Diff, what: What, *, main: bool = True) -> set[tuple[str, str]]:
    return {(one.subject, "/".join(one.deed)) for one in found.changes if one.what is what and one.main is main}


def test_a_complete_corpus_equals_brute_force(
    base: Project, copy: Project, opa_engine: Engine, tmp_path: Path, plant: Change
) -> None:
    plant("data/example/grants.csv", "g-005,carol,ledger:controller", "g-005,bob,ledger:controller")
    plant(
        "data/catalog/orders.yaml", "query: {application: orders, tier: low", "query: {application: orders, tier: high"
    )
    plant("data/catalog/ledger.yaml", "read: [ledger:viewer, ", "read: [")
    old, new = (sides.recognise(str(one.rego.parent), copy) for one in (base, copy))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        sides.opened(old, EXAMPLE, opa_engine, public_keys=copy.keys, scratch=tmp_path / "a") as one,
        sides.opened(new, EXAMPLE, opa_engine, public_keys=copy.keys, scratch=tmp_path / "b") as other,
    ):
        worlds = World.of(one.documents), World.of(other.documents)
        made = corpus(worlds, one.issued, Wanted(complete=True), known={}, everywhere=True)
        state = asking.Progress()
        plain = [row for row in made.rows if row[3] == 0 and not made.forms[row[2]][0].signed]
        made.rows = plain
        ours = {row: (mine, theirs) for row, mine, theirs in asking.both(one, other, made, state)}
        # every subject, action and resource of both organisations, by other code than the corpus's
        asked = {(made.subjects[row[0]]["id"], made.forms[row[2]][1], made.resources[row[1]].name) for row in made.rows}
        for side in (one, other):
            for subject in side.documents["iga"]["identities"]:
                for kind, actions in side.documents["catalog"]["actions"].items():
                    for scope in side.documents["catalog"]["resources"]:
                        if scope.startswith(f"{kind}:"):
                            assert {(subject, (kind, action), scope) for action in actions} <= asked
        frozen = _freeze(show(one.issued))
        differing = 0
        for side, position in ((one, 0), (other, 1)):
            client = side.opa.client()
            for row in plain:
                whole = client.query(frozen, made.request(row))[0]["answer"]
                answer = ours[row][position]
                assert whole["decision"] is answer.allow
                assert {reason["id"] for reason in whole["context"]["reasons"]} == answer.reasons
                assert whole["context"].get("valid_until", "") == answer.until
            client.session.close()
        differing = sum(mine.allow != theirs.allow for mine, theirs in ours.values())
    assert state.unanswered == []
    assert differing > 0
    assert len(ours) == len(plain) > 300


def _freeze(instant: str) -> str:
    return f'answer := data.authz.evaluation with time.now_ns as time.parse_rfc3339_ns("{instant}")'


def test_data_that_changed_name_exactly_whom_it_concerns(compared: Callable[..., Diff], plant: Change) -> None:
    plant("data/example/identities.csv", "dave,human,disabled", "dave,human,active")
    plant("data/example/identities.csv", "carol,human,active", "carol,human,suspended")
    plant("data/example/grants.csv", "g-012,frank,ledger:payments-clerk,*,allow,standing,,,role:payments\n", "")
    plant("data/example/grants.csv", "g-014,frank,ledger:payments-approver,*,deny", "g-014,frank,ledger:viewer,*,allow")
    found = compared()
    assert found.exit_code == 3
    assert found.differs == ("iga",)
    opened, closed = _told(found, What.OPENED), _told(found, What.CLOSED)
    assert opened == {
        ("dave", "payment/read"),
        ("dave", "payment/approve"),
        ("dave", "payment/release"),
        ("dave", "payment/transfer"),
        ("frank", "payment/read"),  # the deny covered it too
        ("frank", "payment/approve"),
        ("frank", "payment/release"),
        ("frank", "payment/transfer"),
    }
    # carol is who approved what alice and the pipeline may do, and for whom the agent works
    assert {subject for subject, _ in closed} == {"alice", "carol", "ci-deploy", "agent-recon", "frank"}
    assert {action for subject, action in closed if subject == "frank"} == {"payment/create"}
    assert {action for subject, action in closed if subject == "alice"} == {
        "database/administer",
        "database/connect",
        "database/dump",
        "database/restore",
    }
    views = {one.id: one.view for one in found.people}
    assert views == {"dave": "joiner", "carol": "leaver", "frank": "mover"}
    lifted = {(one.reason, one.subjects, one.action) for one in found.violations if one.reason}
    assert lifted == {("entitlement.denied", ("frank",), action) for subject, action in opened if subject == "frank"}


def test_a_policy_that_changed_names_exactly_whom_it_concerns(compared: Callable[..., Diff], plant: Change) -> None:
    plant("rego/authz/gates/transaction/transaction.rego", "\t_separated\n\tfacts.now", "\tfacts.now")
    found = compared()
    assert found.differs == ("policy",)
    assert _told(found, What.CLOSED) == set()
    # bob alone may release at all
    assert _told(found, What.OPENED) == {("bob", "payment/release")}
    assert {one.apart for one in found.changes if one.subject == "bob" and one.main} == {True}
    assert [one.reason for one in found.violations] == ["transaction.separation_of_duties"]


def test_one_nanosecond_less_is_found(compared: Callable[..., Diff], plant: Change) -> None:
    plant("rego/authz/facts/elevation.rego", "elevation.not_before <= now\n", "elevation.not_before < now\n")
    found = compared()
    assert _told(found, What.OPENED) | _told(found, What.CLOSED) | _told(found, What.OPENED, main=False) == set()
    closed = _told(found, What.CLOSED, main=False)
    # whoever has an elevation that counts, in the very nanosecond in which it begins
    assert closed == {
        ("alice", "database/administer"),
        ("alice", "database/connect"),
        ("alice", "database/dump"),
        ("alice", "database/restore"),
        ("carol", "period/close"),
        ("ci-deploy", "pipeline/deploy"),
        ("alice", "pipeline/deploy"),
        ("alice", "pipeline/run"),  # her deployer's right is an eligible one, so it begins with the elevation
        ("carol", "period/reopen"),
    }


def test_a_gate_that_was_disabled_and_a_tier_that_changed(compared: Callable[..., Diff], plant: Change) -> None:
    plant("data/config/config.yaml", "  identity: {pass: true}\n", "")
    plant(
        "rego/authz/gates/identity/identity.rego",
        'default verdict := {"pass": false}',
        'default verdict := {"pass": true}',
    )
    plant(
        "data/catalog/ledger.yaml",
        "read: {application: ledger, tier: low",
        "read: {application: ledger, tier: critical",
    )
    found = compared()
    assert found.differs == ("policy", "catalog", "config")
    opened, closed = _told(found, What.OPENED), _told(found, What.CLOSED)
    # dave is disabled, and the pipeline is not at home in staging
    assert {subject for subject, _ in opened} == {"dave", "ci-deploy"}
    assert {one.resource for one in found.changes if one.subject == "ci-deploy"} == {"pipeline:shop-staging"}
    assert closed == {(subject, "payment/read") for subject in ("bob", "carol", "agent-recon")}
    said = {reason for one in found.changes if one.what is What.CLOSED and one.main for reason in one.reasons}
    assert said == {"proof.not_bound"}


def test_what_a_cache_may_keep_is_compared(compared: Callable[..., Diff], plant: Change) -> None:
    plant(
        "rego/authz/authz.rego",
        '"cache": {"store": _storable, "until": _valid_until, "depends_on": (_depends_on | _parts)}',
        '"cache": {"store": true, "until": "2099-01-01T00:00:00Z", "depends_on": []}',
    )
    found = compared()
    assert {(change.what, change.reasons) for change in found.changes} == {
        (What.EASED, frozenset({"kept more by whoever caches"}))
    }
    assert found.exit_code == 3


def test_rules_in_a_folder_called_testing_are_compared(compared: Callable[..., Diff], copy: Project) -> None:
    path = copy.rego / "authz" / "gates" / "entitlement" / "testing" / "open.rego"
    path.parent.mkdir()
    path.write_text('package authz.gates.entitlement\n\nreasons contains {"id": "entitlement.odd"} if true\n', "utf-8")
    found = compared()
    assert found.differs == ("policy",)
    assert found.gathered.quiet.get(What.REASONS)


def test_an_opa_that_dies_leaves_a_partial_result(
    base: Project, copy: Project, opa_engine: Engine, monkeypatch: pytest.MonkeyPatch, plant: Change
) -> None:
    plant("data/example/identities.csv", "dave,human,disabled", "dave,human,active")
    old, new = (sides.recognise(str(one.rego.parent), copy) for one in (base, copy))
    asked = asking.both

    def dying(one: sides.Side, other: sides.Side, *rest: Any, **more: Any) -> Any:
        for number, answer in enumerate(asked(one, other, *rest, **more, chunk=50, workers=1)):
            if number == 60:
                assert other.opa.pid is not None
                os.kill(other.opa.pid, signal.SIGKILL)
            yield answer

    monkeypatch.setattr(asking, "both", dying)
    wanted = Options(public_keys=copy.keys)
    found = diff(old, new, copy, opa_engine, wanted, now=example.INSTANT)
    assert found.exit_code == 1
    assert found.partial
    assert 50 <= found.generated < found.reach.decisions
    assert "SIGKILL" in (found.error or "")
    assert "**Partial.**" in as_markdown(found)
    assert report.as_json(found)["asked"]["complete"] is False


def test_commits_and_bundles_are_sides_too(
    base: Project, copy: Project, opa_engine: Engine, tmp_path: Path, plant: Change
) -> None:
    folder = copy.rego.parent
    (folder / ".gitattributes").write_text("*.rego export-ignore\n*.yaml export-subst\n")
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "one")
    plant("data/example/identities.csv", "dave,human,disabled", "dave,human,active")
    _git(folder, "commit", "-q", "-a", "-m", "two")
    commit = sides.recognise("HEAD~1", copy)
    wanted = Options(public_keys=tmp_path / "public", cases=())
    by_commit = diff(commit, sides.recognise("HEAD", copy), copy, opa_engine, wanted, now=example.INSTANT)
    private, _ = keys.new("k1", tmp_path / "private", tmp_path / "public")
    signer = KeySigner.load("k1", f"file:{private}")
    for name, project in (("old", base), ("new", copy)):
        _bundles(project, tmp_path / name, signer)
    old, new = (sides.recognise(str(tmp_path / name), copy) for name in ("old", "new"))
    by_bundle = diff(old, new, copy, opa_engine, wanted, now=example.INSTANT)
    expected = {("dave", f"payment/{action}") for action in ("read", "approve", "release", "transfer")}
    assert _told(by_commit, What.OPENED) == expected == _told(by_bundle, What.OPENED)
    assert _told(by_commit, What.CLOSED) == set() == _told(by_bundle, What.CLOSED)
    assert by_commit.differs == ("iga",) == by_bundle.differs
    assert by_commit.base.remarks == ()
    assert len(by_bundle.base.remarks) == 2
    with pytest.raises(ConfigError, match="neither a folder nor a commit"):
        sides.recognise("--output=/tmp/x", copy)
    with pytest.raises(ConfigError, match="neither a project"):
        sides.recognise(str(tmp_path / "public"), copy)


def _git(folder: Path, *arguments: str) -> None:
    named = ["-c", "user.name=t", "-c", "user.email=t@example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *named, *arguments], cwd=folder, check=True, capture_output=True)


def _bundles(project: Project, target: Path, signer: KeySigner) -> None:
    """What a project would ship, signed by one key."""
    target.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        made = issued(project, EXAMPLE, Path(scratch))
        for path in made.local.bundles:
            with path.open("rb") as stream:
                files = archive.read(stream, where=path.name)
            said = {name: data for name, data in files.items() if name not in (MANIFEST, SIGNATURES)}
            with (target / path.name).open("wb") as out:
                pack(said, inspect(path).manifest, signer, out)


def test_the_command_declares_reports_and_exits(base: Project, copy: Project, tmp_path: Path, plant: Change) -> None:
    plant("data/example/identities.csv", "dave,human,disabled", "dave,human,active")
    arguments = ["regress", "diff", str(base.rego.parent), "--project", str(copy.rego.parent), "--no-cases"]
    runner = CliRunner()
    told = runner.invoke(main_group, [*arguments, "--format", "json"])
    assert told.exit_code == 3, told.output
    made = json.loads(told.stdout)
    validator("livegate.regression", "diff").validate(made)
    assert made["summary"]["undeclared_opened"] == made["summary"]["opened"] > 0
    assert made["rules"][0]["name"] == "identity.inactive"
    assert made["rules"][0]["where"].startswith("rego/authz/gates/identity/identity.rego:")
    assert made["groups"][0]["example"]["answers"]["head"]["evidence"]["entitlement"]["grant"] == "g-008"
    declared = copy.rego.parent / ".github" / "decision-changes.yaml"
    declared.parent.mkdir(exist_ok=True)
    declared.write_text(
        "changes:\n"
        "  - gains: {subjects: [dave], actions: [payment/*], resources: ['payment:*']}\n"
        "    reason: back from leave\n    reviewed_by: carol\n"
        "  - loses: {subjects: [dave], actions: ['*'], resources: ['*']}\n"
        "    reason: never happens\n    reviewed_by: carol\n"
    )
    told = runner.invoke(main_group, [*arguments, "--format", "markdown"])
    assert told.exit_code == 0, told.output
    assert "Every change of a decision is declared" in told.stdout
    assert "never happens" in told.stdout
    assert len(told.stdout) < LIMIT
    file = tmp_path / "report.md"
    told = runner.invoke(main_group, [*arguments, "--format", "markdown", "--output", str(file)])
    assert told.exit_code == 0
    assert "declared, and not so: .github/decision-changes.yaml:5:5: never happens" in told.stdout
    assert file.read_text().startswith("## Decisions")


def test_cases_and_captured_requests_are_asked_too(
    base: Project, copy: Project, opa_engine: Engine, tmp_path: Path, plant: Change
) -> None:
    plant("data/example/identities.csv", "dave,human,disabled", "dave,human,active")
    suite = tmp_path / "dave.yaml"
    suite.write_text(
        "suite: Dave\npopulation: example\ninstant: 2026-11-23T12:00:00Z\ncases:\n"
        "  - name: dave reads\n    controls: [C3]\n    request: &dave\n"
        "      {subject: {type: human, id: dave}, action: {name: read}, resource: {type: payment, id: p-9},"
        " context: {pep: ledger-api}}\n"
        "    expect: {decision: allow}\n"
        "  - name: not after a revocation\n    controls: [C3]\n"
        "    given: {revocations: [{kind: subject, target: dave, from: 2026-11-23T11:00:00Z}]}\n"
        "    request: *dave\n    expect: {decision: deny, reasons: [revocation.subject]}\n"
    )
    request = {
        "subject": {"type": "human", "id": "dave"},
        "action": {"name": "read"},
        "resource": {"type": "payment", "id": "p-10"},
        "context": {"pep": "ledger-api"},
    }
    captured = tmp_path / "requests.jsonl"
    other = request | {"resource": {"type": "payment", "id": "p-11"}}
    later = {"request": other, "instant": "2026-11-23T12:01:00Z"}
    captured.write_text(f"{json.dumps(request)}\n\n{json.dumps(later)}\n{{}}\n")
    old, new = (sides.recognise(str(one.rego.parent), copy) for one in (base, copy))
    wanted = Options(public_keys=copy.keys, cases=(suite,), requests=(captured,), wanted=Wanted(limit=1))
    found = diff(old, new, copy, opa_engine, wanted, now=example.INSTANT)
    assert (found.cases, found.requests, found.unanswered) == (2, 3, ())
    by_source = {one.examples[0].asked.source: one for one in found.changes}
    assert {by_source[source].what for source in by_source} == {What.OPENED}
    assert set(by_source) == {f"{suite}:5", f"{captured}:1", f"{captured}:3"}
    # the revoked one stays denied, for one reason less
    assert found.gathered.reasons[("identity.inactive",), ()] == 1
