"""Decisions with a document that is not there at all, and with OPA told to stop at the first built-in error.

Rego's ``with`` can spoil a document but not take one away, and cannot set the mode of an evaluation.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Opa

QUERY = "data.authz.evaluation with time.now_ns as 1800000000000000000"
REQUEST: dict[str, Any] = {
    "subject": {"type": "human", "id": "alice"},
    "action": {"name": "dump"},
    "resource": {"type": "database", "id": "orders-prod"},
    "context": {"pep": "db-proxy", "session": "s-1", "ticket": "CHG-1"},
}
ODD = [None, True, 0, -1, 1e30, "", [], {}, [None], {"x": [1]}]


def decide(opa: Opa, documents: dict[str, Any], folder: Path, request: object, *options: str) -> dict[str, Any]:
    path = folder / "documents.json"
    path.write_text(json.dumps(documents), "utf-8")
    answer: dict[str, Any] = opa.evaluate(QUERY, "--data", path, *options, request=request)
    return answer


def ids(answer: dict[str, Any]) -> set[str]:
    return {reason["id"] for reason in answer["context"]["reasons"]}


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("catalog", {"request.unavailable"}),
        ("config", {"decision.not_configured", "freshness.not_decidable"}),
        ("iga", {"identity.unavailable", "entitlement.unavailable", "freshness.iga_stale"}),
        ("pam", {"elevation.unavailable", "freshness.pam_stale"}),
        ("trust", {"request.unavailable"}),
        ("revocations", {"revocation.unavailable", "freshness.revocations_stale"}),
    ],
)
def test_absent_document(opa: Opa, documents: dict[str, Any], tmp_path: Path, root: str, said: set[str]) -> None:
    present = {name: document for name, document in documents.items() if name != root}
    answer = decide(opa, present, tmp_path, REQUEST)
    assert answer["decision"] is False
    assert said <= ids(answer)
    assert not {"decision.unexplained", "decision.undefined"} & ids(answer)


def test_no_document_at_all(opa: Opa, tmp_path: Path) -> None:
    answer = decide(opa, {}, tmp_path, REQUEST)
    assert answer["decision"] is False
    assert ids(answer) == {"request.unavailable", "decision.not_configured"}


def test_pam_absent_and_not_needed(opa: Opa, documents: dict[str, Any], tmp_path: Path) -> None:
    present = {name: document for name, document in documents.items() if name != "pam"}
    assert decide(opa, present, tmp_path, REQUEST | {"action": {"name": "query"}})["decision"] is True


def spoilt() -> list[object]:
    """The request with each of its fields odd, and odd altogether."""
    requests: list[object] = [REQUEST, *ODD]
    for part, members in REQUEST.items():
        requests += [REQUEST | {part: odd} for odd in ODD]
        for name in (*members, "properties"):
            requests += [REQUEST | {part: members | {name: odd}} for odd in ODD]
    unlisted = {"type": "database", "id": "new"}
    return requests + [REQUEST | {"resource": unlisted | {"properties": {"parents": odd}}} for odd in ODD]


def test_strict_errors_change_no_decision(opa: Opa, documents: dict[str, Any], tmp_path: Path) -> None:
    """No request makes a built-in fail: then strict mode would answer with an error where default mode denies."""
    path = tmp_path / "documents.json"
    path.write_text(json.dumps(documents), "utf-8")
    requests = spoilt()
    query = "data.driver.answers"
    (tmp_path / "driver.rego").write_text(
        "package driver\n\nanswers := [answer | some request in input;"
        " answer := data.authz.evaluation with input as request with time.now_ns as 1800000000000000000]\n",
        "utf-8",
    )
    common = ("--data", path, "--data", tmp_path / "driver.rego")
    lenient = opa.evaluate(query, *common, request=requests)
    strict = opa.evaluate(query, *common, "--strict-builtin-errors", request=requests)
    assert len(lenient) == len(requests)
    assert strict == lenient
    assert lenient[0]["decision"] is True
