"""The cases of this repository: how many, over what, and that none of them is there for nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from livegate.regression.suite import Case, Suite, load_all

ROOT = Path(__file__).parents[3]

KINDS = {"pep", "jwt-svid", "x509-svid", "access-token", "kubernetes", "github", "txn-token", "wit"}
"""Kinds of proof, as the specification lists them."""


@pytest.fixture(scope="module")
def suites() -> tuple[Suite, ...]:
    """All reference suites."""
    return load_all([ROOT / "tests" / "policy"])


@pytest.fixture(scope="module")
def cases(suites: tuple[Suite, ...]) -> list[Case]:
    """All reference cases."""
    return [case for suite in suites for case in suite.cases]


def reasons_of_the_policy() -> set[str]:
    """The reason ids that the METADATA of the gates name."""
    files = [path for path in (ROOT / "rego" / "authz" / "gates").rglob("*.rego") if not path.stem.endswith("_test")]
    return {found for path in files for found in re.findall(r"^# +id: (\S+)$", path.read_text("utf-8"), re.MULTILINE)}


def test_there_are_enough(cases: list[Case]) -> None:
    assert len(cases) >= 1_000
    assert sum(case.expect.allow for case in cases) >= 250
    assert sum(not case.expect.allow for case in cases) >= 650


def test_every_kind_of_proof_is_allowed_and_denied(cases: list[Case]) -> None:
    for allow in (True, False):
        shown = {case.credential["kind"] for case in cases if case.credential and case.expect.allow is allow}
        assert shown == KINDS - {"pep"}


def test_every_case_names_a_control_of_ours(cases: list[Case]) -> None:
    own = yaml.safe_load((ROOT / "data" / "controls" / "own.yaml").read_text("utf-8"))["own"]
    assert {control for case in cases for control in case.controls} == own.keys()


def test_every_mandate_of_the_example_is_named(cases: list[Case]) -> None:
    rows = (ROOT / "data" / "example" / "mandates.jsonl").read_text("utf-8").splitlines()
    asked = {
        case.request["context"]["mandate"]
        for case in cases
        if isinstance(case.request, dict) and "mandate" in (case.request.get("context") or {})
    }
    assert {json.loads(row)["id"] for row in rows} - asked == set()


def test_every_reason_of_a_gate_is_expected_and_no_other(cases: list[Case]) -> None:
    expected = {reason for case in cases for reason in case.expect.reasons}
    assert {reason for reason in expected if not reason.startswith("decision.")} == reasons_of_the_policy()


def _named(request: dict[str, Any]) -> bool:
    """Whether it names type and action as text, which odd requests do not."""
    return isinstance(request["resource"]["type"], str) and isinstance(request["action"]["name"], str)


def test_every_action_is_allowed_and_denied(cases: list[Case]) -> None:
    catalogue = {
        (kind, action)
        for path in (ROOT / "data" / "catalog").glob("*.yaml")
        for kind, actions in yaml.safe_load(path.read_text("utf-8")).get("actions", {}).items()
        for action in actions
    }
    for allow in (True, False):
        asked = {
            (case.request["resource"]["type"], case.request["action"]["name"])
            for case in cases
            if case.expect.allow is allow and isinstance(case.request, dict) and case.request and _named(case.request)
        }
        assert catalogue - asked == set()


def test_every_identity_of_the_example_is_asked_about(cases: list[Case]) -> None:
    rows = (ROOT / "data" / "example" / "identities.csv").read_text("utf-8").splitlines()[1:]
    asked = {str(case.request["subject"]["id"]) for case in cases if isinstance(case.request, dict) and case.request}
    assert {row.partition(",")[0] for row in rows} - asked == set()


def test_no_case_repeats_another(cases: list[Case]) -> None:
    # the whole answer to a request may be judged by itself, where its gate has judged the decision
    asked = Counter(
        (
            case.given,
            case.instant,
            json.dumps([case.request, case.credential, case.signed, case.expect.context is None], sort_keys=True),
        )
        for case in cases
        if case.scene is None
    )
    assert not [request for (_, _, request), times in asked.items() if times > 1]
