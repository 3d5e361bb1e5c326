"""A change that opens or closes something is found by the reference cases, through the command line, with exit 3."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from livegate.cli.regress import regress

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.engine import Engine
    from livegate.project import Project

    from .conftest import Change

CHANGES = [
    (
        "rego/authz/gates/entitlement/entitlement.rego",
        '\tfacts.grant[6] == ""\n\tnot _denied\n}',
        '\tfacts.grant[6] == ""\n}',
        "a deny keeps the clerk from releasing them, though a group grants it",
    ),
    (
        "rego/authz/facts/elevation.rego",
        "\tnow < elevation.expires_at\n",
        "\tnow <= elevation.expires_at\n",
        "at its end it is gone",
    ),
    (
        "rego/authz/facts/grant.rego",
        "\tnow_digits < end\n",
        "\tnow_digits != end\n",
        "the auditor's time as controller is over",
    ),
    (
        "data/config/config.yaml",
        "leeway: 30000000000 ",
        "leeway: 30000000001 ",
        "one nanosecond more, and the data is of the future",
    ),
    (
        "data/catalog/ledger.yaml",
        "elevation: {approvals: 2,",
        "elevation: {approvals: 3,",
        "a period is closed with the approval of two",
    ),
    (
        "data/example/identities.csv",
        "svc-legacy,service_account,active,,prod",
        "svc-legacy,service_account,active,bob,prod",
        "not even a well-approved elevation makes up for an owner",
    ),
    (
        "data/trust/peps.yaml",
        "resource_types: {database: true}",
        "resource_types: {database: true, payment: true}",
        "the database proxy may not ask for payments",
    ),
    (
        "data/trust/issuers.yaml",
        "leeway: 30000000000      # 30 s",
        "leeway: 30000000001",
        "at its end it does not",
    ),
    (
        "data/config/config.yaml",
        "bound: true ",
        "bound: false ",
        "a period is not closed by a token that nothing binds to its holder",
    ),
    (
        "rego/authz/credentials/binding/binding.rego",
        "made + 60000000000 if",
        "made + 60000000001 if",
        "a minute later it does not",
    ),
    (
        "rego/authz/facts/revocation.rego",
        "issued <= object.get(",
        "issued < object.get(",
        "by what was issued until then too",
    ),
    (
        "rego/authz/gates/mandate/delegation.rego",
        ">= count(facts.ancestors) - i",
        ">= (count(facts.ancestors) - i) - 1",
        "a sub-agent one level too deep",
    ),
    (
        "data/catalog/mail.yaml",
        "then: sends_outside",
        "then: irreversible",
        "not after it has read a customer in the same chain",
    ),
    (
        "data/catalog/ledger.yaml",
        "from: 420, to: 1140",
        "from: 420, to: 1141",
        "when it closes it is too late",
    ),
    (
        "data/catalog/timesheets.yaml",
        "valid_for: 60000000000 ",
        "valid_for: 60000000001 ",
        "a time sheet is read without context, for a minute, and that is reported",
    ),
]


def invoke(engine: Engine, *arguments: str) -> tuple[int, str, BaseException | None]:
    """Exit code, stdout and what was raised of ``livegate regress`` with this engine."""
    result = CliRunner(env={"LIVEGATE_OPA": str(engine.path)}).invoke(regress, arguments)
    return result.exit_code, result.stdout, result.exception


@pytest.mark.parametrize(("file", "old", "new", "case"), CHANGES, ids=[change[3] for change in CHANGES])
def test_a_planted_change_is_found(
    copy: Project, plant: Change, opa_engine: Engine, *, file: str, old: str, new: str, case: str
) -> None:
    plant(file, old, new)
    folder = copy.rego.parent
    suites = [
        str(path) for path in (folder / "tests/policy").glob("*.yaml") if f"name: {case}\n" in path.read_text("utf-8")
    ]
    code, out, _ = invoke(opa_engine, "run", *suites, "--project", str(folder), "--format", "json")
    report: dict[str, Any] = json.loads(out)
    failed = [item["name"] for suite in report["suites"] for item in suite["cases"] if item["outcome"] == "failed"]
    assert code == 3
    assert report["summary"]["error"] == 0
    assert case in failed
    assert len(failed) < report["summary"]["cases"]


def test_without_a_change_it_is_zero(copy: Project, opa_engine: Engine, tmp_path: Path) -> None:
    folder, junit = copy.rego.parent, tmp_path / "out" / "junit.xml"
    suites = [str(folder / "tests/policy" / name) for name in ("elevation.yaml", "revocation.yaml", "outage.yaml")]
    arguments = ("--project", str(folder), "--format", "junit", "--output", str(junit))
    code, out, _ = invoke(opa_engine, "run", *suites, *arguments)
    assert code == 0
    top = ET.parse(junit).getroot()  # noqa: S314  # our own output
    assert (top.get("failures"), top.get("errors")) == ("0", "0")
    assert len(list(top.iter("testcase"))) == int(top.get("tests", "0")) >= 60
    assert f"{top.get('tests')} cases in {len(top)} suites: {top.get('tests')} as judged, 0 differ" in out


def test_a_failing_case_is_shown_with_both_sides_and_the_gates(copy: Project, opa_engine: Engine) -> None:
    path = copy.rego.parent / "tests/policy/identity.yaml"
    path.write_text(path.read_text("utf-8").replace("[identity.type_mismatch]", "[identity.unknown]"), "utf-8")
    folder = str(copy.rego.parent)
    code, out, _ = invoke(opa_engine, "run", "--project", folder, "--filter", "a person may not pass for a service")
    assert code == 3
    assert "1 cases in 1 suites: 0 as judged, 1 differ" in out
    for text in ("identity.unknown", "identity: DENY (identity.type_mismatch)", "request: pass"):
        assert text in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--filter", "no case is called this"), "no case has"),
        (("nowhere",), "is not there"),
        (("--output", "x.txt"), "is for reports"),
    ],
)
def test_usage_is_refused(copy: Project, opa_engine: Engine, arguments: tuple[str, ...], message: str) -> None:
    _, out, error = invoke(opa_engine, "run", "--project", str(copy.rego.parent), *arguments)
    assert message in str(error)
    assert getattr(error, "exit_code", None) == 2
    assert out == ""


def test_an_opening_is_shown_in_every_form_with_rule_line_and_command(
    copy: Project, plant: Change, opa_engine: Engine, tmp_path: Path
) -> None:
    plant("data/trust/peps.yaml", "resource_types: {database: true}", "resource_types: {database: true, payment: true}")
    folder = copy.rego.parent
    suite = folder / "tests/policy/request.yaml"
    rego = (folder / "rego/authz/gates/request/request.rego").read_text("utf-8").splitlines()
    files = [tmp_path / name for name in ("regress.json", "regress.xml", "summary.md")]
    outputs = [argument for file in files for argument in ("--output", str(file))]
    wanted = ("run", str(suite), "--filter", "the database proxy may not ask for payments", "--project", str(folder))
    code, out, _ = invoke(opa_engine, *wanted, "--format", "github", *outputs)
    assert code == 3
    (case,) = json.loads(files[0].read_text("utf-8"))["suites"][0]["cases"]
    by_text = {line["text"]: line["rule"].rpartition(":") for line in case["difference"]}
    place, _, line = by_text["request.pep_not_permitted"]
    assert place == "rego/authz/gates/request/request.rego"
    assert any("pep_not_permitted" in text for text in rego[int(line) - 1 : int(line) + 10])
    _, _, line = by_text["gate request passed, by its verdict"]
    assert "verdict" in rego[int(line) - 1]
    again = case["again"].split()
    assert again[:3] == ["livegate", "regress", "run"]
    for text in (out, files[1].read_text("utf-8"), files[2].read_text("utf-8")):
        assert "request.pep_not_permitted  rego/authz/gates/request/request.rego:" in text
        assert f"{suite}:" in text
    code, out, _ = invoke(opa_engine, "run", again[3], "--project", str(folder))
    assert (code, "1 cases in 1 suites: 0 as judged, 1 differ" in out) == (3, True)


def test_a_list_decides_nothing(copy: Project, opa_engine: Engine) -> None:
    folder = copy.rego.parent
    wanted = ("run", str(folder / "tests/policy/request.yaml"), "--project", str(folder), "--list")
    code, out, _ = invoke(opa_engine, *wanted)
    names = [line.partition(": ")[2] for line in out.splitlines()]
    _, listed, _ = invoke(opa_engine, *wanted, "--format", "json")
    assert code == 0
    assert "the database proxy may not ask for payments" in names
    assert [case["name"] for case in json.loads(listed)] == names
