"""What people are shown of a decision: the gates that passed, those that did not, and what can be done."""

from __future__ import annotations

from typing import Any

import pytest

from livegate.cli import explain
from livegate.opa.annotations import ReasonText

REQUEST = {
    "subject": {"type": "human", "id": "alice"},
    "action": {"name": "dump"},
    "resource": {"type": "database", "id": "orders-prod"},
}
MISSING = {
    "id": "elevation.missing",
    "gate": "elevation",
    "next_action": "request",
    "needs": {"resource": "database:orders-prod", "action": "dump"},
}
TEXTS = {
    "elevation.missing": ReasonText(
        id="elevation.missing",
        title="No live elevation",
        description="Nobody elevated the subject.",
        remediation="Ask the PAM system.",
        controls=("C3",),
        file="rego/authz/gates/elevation/elevation.rego",
        line=1,
    )
}


def _answer(decision: bool, **context: Any) -> dict[str, Any]:
    common = {
        "reasons": [],
        "obligations": [],
        "evidence": {},
        "revisions": {"policy": "policy-1"},
        "snapshots": {"iga": {"hr": "hr-12"}, "trust": {}},
        "evaluated_at": "2027-01-15T08:00:00Z",
    }
    return {"decision": decision, "context": common | context}


def _allow(**context: Any) -> dict[str, Any]:
    until = "2027-01-15T09:00:00Z"
    cache = {"store": True, "until": until, "depends_on": ["resource", "subject"]}
    return _answer(True, **({"valid_until": until, "cache": cache} | context))


def _denial(*reasons: dict[str, Any], **context: Any) -> dict[str, Any]:
    return _answer(False, reasons=list(reasons), **({"next_action": "request"} | context))


def _shown(answer: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    explain.show(REQUEST, answer, TEXTS)
    return capsys.readouterr().out


def test_an_allow_passed_all_nine_gates() -> None:
    assert explain.gates_of(_allow()) == {
        gate: []
        for gate in (
            "request",
            "proof",
            "identity",
            "revocation",
            "freshness",
            "entitlement",
            "elevation",
            "mandate",
            "transaction",
        )
    }


def test_a_denial_names_the_gate_that_did_not_pass() -> None:
    gates = explain.gates_of(_denial(MISSING))
    assert gates.pop("elevation") == [MISSING]
    assert set(gates) == set(explain.GATES) - {"elevation"}
    assert not any(gates.values())


def test_a_gate_that_nobody_knows_comes_last() -> None:
    strange = {"id": "weather.rain", "gate": "weather", "next_action": "retry"}
    assert list(explain.gates_of(_denial(strange)))[-1] == "weather"


def test_who_may_not_ask_is_told_of_no_other_gate() -> None:
    refused = {"id": "request.malformed", "gate": "request", "next_action": "none"}
    assert explain.gates_of(_denial(refused)) == {"request": [refused]}


def test_without_reasons_no_gate_is_said_to_have_passed(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.gates_of(_denial()) == {}
    shown = _shown(_denial(), capsys)
    assert "DENY" in shown
    assert "pass" not in shown


def test_ids_alone_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _shown(_denial({"id": "elevation.missing", "gate": "elevation"}), capsys)
    assert "elevation.missing" in shown
    assert "(next:" not in shown


@pytest.mark.parametrize(
    ("cache", "says"),
    [
        pytest.param(
            {"store": True, "until": "2027-01-15T09:00:00Z", "depends_on": ["resource", "subject"]},
            "until 2027-01-15T09:00:00Z, for the same resource, subject",
            id="stored",
        ),
        pytest.param(
            {"store": False, "until": "2027-01-15T09:00:00Z", "depends_on": ["subject"]}, "never", id="not stored"
        ),
    ],
)
def test_an_allow_says_whether_it_may_be_stored(
    cache: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = (line for line in _shown(_allow(cache=cache), capsys).splitlines() if "may be stored" in line)
    assert says in line


def test_a_denial_says_what_to_ask_for(capsys: pytest.CaptureFixture[str]) -> None:
    template = REQUEST | {"elevation": {"keys": ["#dump@database:orders-prod"], "parameters": "sha-256:x"}}
    wanted = {"template": template, "expires_at": "2027-01-15T08:15:00Z"}
    shown = _shown(_denial(MISSING, access_request=wanted), capsys)
    for text in (
        "next action",
        "Ask the PAM system.",
        "subject: type=human id=alice",
        "elevation: keys=#dump@database:orders-prod parameters=sha-256:x",
        "2027-01-15T08:15:00Z",
    ):
        assert text in shown


def test_obligations_and_what_decided_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    masked = {"id": "mask_fields", "type": "mask_fields", "properties": {"fields": ["iban", "birth_date"]}}
    shown = _shown(_allow(obligations=[masked]), capsys)
    for text in ("obligation mask_fields", "fields=iban,birth_date", "policy-1", "hr=hr-12"):
        assert text in shown
    assert "snapshots of trust" not in shown


def test_no_part_of_an_answer_is_taken_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _shown(_allow(evidence={"identity": {"id": "[red]alice[/red]"}}), capsys)
    assert "id=[red]alice[/red]" in shown
