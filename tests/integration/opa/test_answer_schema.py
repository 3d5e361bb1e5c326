"""What OPA answers is what `answer.json` says, and the schema says no to what is not."""

from __future__ import annotations

import copy
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from livegate import schema
from livegate.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

CASES = """package cases

import data.authz.laws_test as laws
import data.testing.fixtures

answers[sprintf("%s, as it is", [name])] := laws._decided(name, []) if some name, _ in laws._asked

answers[sprintf("%s, %s", [name, what])] := laws._decided(name, [change]) if {
	some name, changes in laws._denying
	some what, change in changes
}

answers[sprintf("law: %s", [name])] := fixtures.answer(scenario) if some name, scenario in laws._scenarios

answers[sprintf("%v", [odd])] := fixtures.decide(odd, fixtures.documents) if {
	some odd in [null, 1, "x", [], {}, {"context": null}]
}

answers[sprintf("told %s", [detail])] := fixtures.answer({
	"ask": fixtures.ask("query"),
	"to": [fixtures.put("/trust/peps/db-proxy/reasons", detail), fixtures.drop("/iga/grants/alice")],
}) if {
	some detail in ["full", "ids", "none"]
}

answers["without context"] := fixtures.decide(object.remove(fixtures.ask("dump"), ["context"]), laws._portal)

answers["obliged"] := fixtures.answer({"ask": fixtures.ask("query"), "to": [
	fixtures.put("/catalog/actions/database/query/step_up", true),
	fixtures.put("/catalog/actions/database/query/mask_fields", ["iban"]),
]})

answers["used once"] := fixtures.answer({
	"ask": fixtures.ask("dump"),
	"with": [fixtures.put("/context/uses", {"e-1": 0})],
	"to": [fixtures.put("/pam/elevations/alice/e-1/max_uses", 1)],
})

answers["nothing is loaded"] := fixtures.decide(fixtures.ask("dump"), {
	"catalog": {}, "config": {}, "iga": {}, "pam": {}, "trust": {}, "revocations": {},
})
"""


@pytest.fixture(scope="module")
def answers(opa: Path, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Answers of the real policy to what the laws try, and to odd requests, by name."""
    cases = tmp_path_factory.mktemp("cases") / "cases.rego"
    cases.write_text(CASES, encoding="utf-8")
    rego = pytestconfig.rootpath / "rego"
    command = [str(opa), "eval", "--data", str(rego), "--data", str(cases), "--format", "raw", "data.cases.answers"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _check(answer: Any) -> None:
    schema.check(answer, schema.validator("livegate.documents", "answer"), where="answer")


def test_every_answer_is_as_the_schema_says(answers: dict[str, Any]) -> None:
    for name, answer in answers.items():
        try:
            _check(answer)
        except ConfigError as error:
            pytest.fail(f"{name}: {error}")


def test_both_decisions_and_all_obligations_are_among_them(answers: dict[str, Any]) -> None:
    assert {answer["decision"] for answer in answers.values()} == {True, False}
    told = {item["type"] for answer in answers.values() for item in answer["context"]["obligations"]}
    assert told == {"record_session", "step_up", "notify", "reevaluate", "review", "mask_fields"}
    events = {
        item["properties"]["event"]
        for answer in answers.values()
        for item in answer["context"]["obligations"]
        if item["type"] == "notify"
    }
    assert events == {"break_glass", "use", "legacy_context"}


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        pytest.param("told full", "decision", "true", id="decision as text"),
        pytest.param("told full", "decision", True, id="a denial's context in an allow"),
        pytest.param("told full", "extra", 1, id="unknown member"),
        pytest.param("told full", "context.next_action", "wait", id="unknown action"),
        pytest.param("told full", "context.access_request.expires_at", 5, id="an instant in seconds"),
        pytest.param("used once", "context.valid_until", "2027-01-15 08:00", id="an instant in another form"),
        pytest.param("used once", "context.cache.store", "no", id="text for a truth"),
        pytest.param("used once", "context.cache.depends_on", [], id="an answer made from nothing"),
        pytest.param(
            "used once", "context.obligations", [{"id": "x", "type": "dance", "properties": {}}], id="unknown"
        ),
        pytest.param(
            "obliged", "context.obligations", [{"id": "m", "type": "mask_fields", "properties": {}}], id="mask nothing"
        ),
        pytest.param("used once", "context.evidence", [], id="evidence as a list"),
    ],
)
def test_the_schema_says_no(answers: dict[str, Any], name: str, path: str, value: Any) -> None:
    answer = copy.deepcopy(answers[name])
    *parents, last = path.split(".")
    place = answer
    for part in parents:
        place = place[part]
    place[last] = value
    with pytest.raises(ConfigError):
        _check(answer)
