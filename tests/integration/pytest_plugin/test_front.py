"""The address of the tests answers as a real OPA does."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

from .conftest import TOKEN

if TYPE_CHECKING:
    from livegate.pytest.fixture import Livegate
    from livegate.pytest.front import Front
    from livegate.pytest.world import World

V1, V0 = "/v1/data/authz/evaluation", "/v0/data/authz/evaluation"
ALICE: dict[str, Any] = {
    "subject": {"type": "human", "id": "alice"},
    "action": {"name": "administer"},
    "resource": {"type": "database", "id": "orders-prod"},
    "context": {"pep": "db-proxy", "session": "s-1"},
}
BODIES = [
    json.dumps({"input": ALICE}),
    json.dumps({"input": {**ALICE, "subject": {"type": "human", "id": "zoë \u2028 <&>"}}}),
    json.dumps({"input": ALICE, "unknown": 1}),
    '{"input": null}',
    '{"input": 3.50}',
    '{"input": [1, {"a": 12345678901234567890}]}',
    '{"input": {"subject": 1, "subject": 2}}',
    "{}",
    "",
    "null",
    "[]",
    '"text"',
    "{",
    '{"input": NaN}',
    "\xff",
]


def _post(url: str, body: bytes | str, **headers: str) -> requests.Response:
    given = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    return requests.post(url, data=body, headers=given, timeout=30, allow_redirects=False)


def _bare(answered: requests.Response) -> tuple[int, str, Any]:
    """What must be the same: status, type, and the answer without its id; of a refusal its code."""
    body = answered.json()
    if answered.status_code != 200:
        return answered.status_code, answered.headers["content-type"], body["code"]
    body.pop("decision_id", None)
    return answered.status_code, answered.headers["content-type"], body


def _inner(body: str) -> str:
    """What v0 is sent in the place of a body of v1."""
    try:
        return json.dumps(json.loads(body)["input"])
    except (ValueError, KeyError, TypeError):
        return body


@pytest.mark.parametrize("path", [V1, V0])
@pytest.mark.parametrize("body", BODIES)
def test_it_answers_as_opa(gate: Livegate, world: World, path: str, body: str) -> None:
    sent = (body if path == V1 else _inner(body)).encode("latin-1" if body == "\xff" else "utf-8")
    real = _post(world._served.opa.url + path, sent)
    if real.status_code == 200:  # OPA's own clock is the machine's
        answer = real.json() if path == V0 else real.json()["result"]
        gate.freeze(answer["context"]["evaluated_at"])
    ours = _post(gate.url + path, sent)
    assert _bare(ours) == _bare(real)


def test_what_goes_on_after_its_value_is_refused(gate: Livegate) -> None:
    assert _post(gate.url + V1, json.dumps({"input": ALICE}) + "}").status_code == 400


def test_health_and_every_other_path(gate: Livegate) -> None:
    health = requests.get(f"{gate.url}/health", timeout=5)
    assert (health.status_code, health.json()) == (200, {})
    for method, path in (
        ("GET", "/"),
        ("GET", V1),
        ("PUT", "/v1/data/authz"),
        ("POST", "/v1/query"),
        ("POST", f"{V1}/"),
        ("GET", "/v1/policies"),
    ):
        answered = requests.request(method, gate.url + path, json={"input": ALICE}, timeout=5, allow_redirects=False)
        assert answered.status_code == 404, (method, path)
        assert "result" not in answered.json()
    assert gate.asked == ()


def test_gzip_is_read(gate: Livegate) -> None:
    body = gzip.compress(json.dumps({"input": ALICE}).encode())
    assert _post(gate.url + V1, body, Content_Encoding="gzip").json()["result"]["decision"] is True
    assert _post(gate.url + V1, body[:-9], Content_Encoding="gzip").status_code == 400


def test_a_wrong_token_is_refused_and_none_where_one_is_demanded(gate: Livegate, front: Front) -> None:
    body = json.dumps({"input": ALICE})
    assert _post(gate.url + V1, body, Authorization=f"Bearer {gate.token}").status_code == 200
    assert gate.token == TOKEN
    for wrong in ("Bearer other", f"Basic {TOKEN}", "Bearer ", "Bearer ä"):
        assert _post(gate.url + V1, body, Authorization=wrong.encode().decode("latin-1")).status_code == 401
    assert _post(gate.url + V1, body).status_code == 200
    front._demanded = True
    try:
        answered = _post(gate.url + V1, body)
    finally:
        front._demanded = False
    assert (answered.status_code, answered.json()["code"]) == (401, "unauthorized")


def test_between_tests_nobody_gets_an_answer(front: Front) -> None:
    assert front.test is None
    assert _post(front.url + V1, json.dumps({"input": ALICE})).status_code == 503


def test_broken_in_each_way_and_whole_again(gate: Livegate) -> None:
    body = json.dumps({"input": ALICE})
    with gate.broken("away"), pytest.raises(requests.ConnectionError):
        _post(gate.url + V1, body)
    with gate.broken("error"):
        assert _post(gate.url + V1, body).status_code == 500
    with gate.broken("undefined"):
        assert "result" not in _post(gate.url + V1, body).json()
        assert _post(gate.url + V0, body).status_code == 404
    with gate.broken("garbage"), pytest.raises(requests.JSONDecodeError):
        _post(gate.url + V1, body).json()
    assert _post(gate.url + V1, body).json()["result"]["decision"] is True


def test_calls_side_by_side_each_get_their_own_answer(gate: Livegate) -> None:
    def one(number: int) -> tuple[int, list[str]]:
        asked = {**ALICE, "subject": {"type": "human", "id": "alice" if number % 2 else f"nobody-{number}"}}
        answer = _post(gate.url + V1, json.dumps({"input": asked})).json()["result"]
        return number, [reason["id"] for reason in answer["context"]["reasons"]]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(40)))
    assert all((reasons == []) == bool(number % 2) for number, reasons in found)
    assert len(gate.asked) == 40
