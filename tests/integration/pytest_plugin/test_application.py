"""Applications and their own tests, as their authors run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Run

ALICE = """
ALICE = {
    "subject": {"type": "human", "id": "alice"},
    "action": {"name": "administer"},
    "resource": {"type": "database", "id": "orders-prod"},
    "context": {"pep": "db-proxy", "session": "s-1"},
}
"""


def test_the_example_application_passes_its_tests(run: Run, application: Path) -> None:
    assert "13 passed" in run(application)


def test_no_change_reaches_another_test(run: Run, small: Path) -> None:
    body = "".join(
        f"""
def test_{number}(livegate):
    assert livegate.asked == ()
    assert livegate.now == livegate.at("2026-11-23T12:00:00Z")
    livegate.allow(ALICE)
    livegate.revoke("subject", "alice")
    livegate.freeze("+1m")
    livegate.fault = "away"
    livegate.deny(ALICE, "revocation.subject")
"""
        for number in range(6)
    )
    (small / "test_it.py").write_text(ALICE + body)
    assert "6 passed" in run(small, "-n", "2")


def test_a_failure_shows_gates_and_reasons_and_no_secret(run: Run, small: Path) -> None:
    (small / "test_it.py").write_text(
        ALICE
        + """
import requests

def test_by_assert(livegate):
    livegate.revoke("subject", "alice")
    shown = livegate.credential("access-token", "https://login.example", sub="00u0001")
    asked = {**ALICE, "context": {**ALICE["context"], "credential": shown}}
    print("MARK", shown["token"][-12:])
    requests.post(livegate.url + "/v1/data/authz/evaluation", json={"input": asked}, timeout=5)
    assert livegate.asked[-1].decision.allowed

def test_by_helper(livegate):
    livegate.deny(ALICE, "entitlement.missing")
"""
    )
    said = run(small, code=1)
    assert "<deny: revocation.subject>" in said
    assert "gates     8 pass, revocation DENIES" in said
    assert "expected to be denied for entitlement.missing" in said
    assert "human:alice administer database:orders-prod" in said
    secret = said.split("MARK ")[1].split()[0]
    assert said.count(secret) == 1  # what the test itself printed


def test_what_is_wrong_with_the_settings_is_said(run: Run, small: Path) -> None:
    (small / "test_it.py").write_text("def test_it(livegate):\n    pass\n")
    for setting, said in (
        ("livegate_project=.", "no project here"),
        ("livegate_population=exmple", "did you mean 'example'"),
        ("livegate_population=live", "cannot be changed or frozen"),
        ("livegate_instant=yesterday", "livegate_instant"),
    ):
        assert said in run(small, "-o", setting, code=1), setting


def test_an_opa_that_dies_is_an_error_that_says_so(run: Run, small: Path) -> None:
    (small / "test_it.py").write_text(
        ALICE
        + """
import os, signal
import pytest, requests
from livegate.errors import EngineError

def test_it(livegate, livegate_world):
    livegate.allow(ALICE)
    os.kill(livegate_world._served.opa.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match="OPA"):
        livegate.decide(ALICE)
    answered = requests.post(livegate.url + "/v1/data/authz/evaluation", json={"input": ALICE}, timeout=5)
    assert answered.status_code == 500
    assert "result" not in answered.json()
"""
    )
    assert "1 passed" in run(small)


def test_a_run_without_the_fixture_starts_nothing(run: Run, small: Path) -> None:
    (small / "test_it.py").write_text(
        """
import sys

def test_it():
    assert not {"starlette", "uvicorn", "livegate.regression"} & sys.modules.keys()
"""
    )
    assert "1 passed" in run(small, "-o", "livegate_project=/nowhere")
