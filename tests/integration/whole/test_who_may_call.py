"""``system.authz`` on the wire: who may ask OPA what, and that everything else is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .conftest import V0, V1, dump, wrapped

if TYPE_CHECKING:
    from .conftest import Organisation

BODY = json.dumps({"input": dump()})
PATCH = json.dumps([{"op": "add", "path": "/floors", "value": {}}])

NEVER = [
    ("GET", V1), ("PUT", V1), ("PATCH", V1), ("DELETE", V1), ("OPTIONS", V1),
    ("GET", "/v1/data"), ("POST", "/v1/data"), ("GET", "/v1/data/trust"), ("POST", "/v1/data/trust/callers"),
    ("POST", "/v1/data/authz"), ("POST", V1 + "/decision"), ("POST", V1 + "/context/evidence"),
    ("POST", "/v1/data/system/authz/allow"), ("PATCH", "/v1/data/config"), ("PUT", "/v1/data/config/floors"),
    ("DELETE", "/v1/data/revocations"), ("GET", "/v1/policies"), ("GET", "/v1/policies/x"),
    ("PUT", "/v1/policies/x"), ("DELETE", "/v1/policies/authz/authz.rego"), ("GET", "/v1/query?q=data.trust"),
    ("POST", "/v1/query"), ("GET", "/v1/config"), ("POST", "/v1/compile"), ("POST", "/v1/compile/authz/evaluation"),
    ("POST", "/v1/batch/data/authz/evaluation"), ("POST", "/"), ("GET", "/"), ("GET", "/health/other"),
    ("POST", "/health"), ("POST", "/v1/status"), ("POST", "/V1/data/authz/evaluation"),
    ("POST", "/v1/data/authz%2Fevaluation"), ("POST", V1 + "%00"), ("POST", V1 + ";x"), ("POST", "/" + V1),
    ("POST", V1.replace("data/", "data//")), ("POST", V1 + "?explain=full"), ("POST", V1 + "?explain=notes&pretty"),
    ("POST", V1 + "?instrument=true"), ("POST", V1 + "?strict-builtin-errors=true"), ("POST", V1 + "?input=%7B%7D"),
    ("POST", V1 + "?%65xplain=full"), ("POST", V0 + "?explain=full"), ("GET", "/debug/pprof"),
]  # fmt: skip


def _body(method: str) -> str | None:
    return {"POST": BODY, "PUT": "{}", "PATCH": PATCH}.get(method)


@pytest.mark.parametrize("caller", ["db-proxy", "operator", None])
@pytest.mark.parametrize(("method", "path"), NEVER, ids=[" ".join(one) for one in NEVER])
def test_nobody_may(method: str, path: str, caller: str | None, shared: Organisation) -> None:
    done = shared.call(method, path, _body(method), caller=caller)
    assert done.status_code == 401, done.text
    assert done.json()["code"] == "unauthorized"
    assert "orders-prod" not in done.text


@pytest.mark.parametrize("path", [V1, V0, V1 + "?pretty=true&metrics=true&provenance=true"])
def test_decisions_are_for_enforcement_points_in_their_own_name(path: str, shared: Organisation) -> None:
    body = wrapped(path.split("?", maxsplit=1)[0], json.dumps(dump()))
    assert shared.call("POST", path, body).status_code == 200
    for other in (None, "operator", "ledger-api", "ci-gateway"):
        assert shared.call("POST", path, body, caller=other).status_code == 401, other


@pytest.mark.parametrize("path", [V1, V0])
def test_without_context_only_the_applications_own_enforcement_point_may_ask(path: str, shared: Organisation) -> None:
    """An application that cannot pass context asks through the one that its profile names."""
    read = {
        "subject": {"type": "human", "id": "alice"},
        "action": {"name": "read"},
        "resource": {"type": "timesheet", "id": "t-1"},
    }
    for bare in (read, {**read, "context": {}}, dump(context={}), {}, None):
        body = wrapped(path, json.dumps(bare))
        assert shared.call("POST", path, body, caller="timesheets-portal").status_code == 200, bare
        for other in (None, "operator", "db-proxy", "ledger-api"):
            assert shared.call("POST", path, body, caller=other).status_code == 401, (bare, other)
    named = wrapped(path, json.dumps({**read, "context": {"pep": "db-proxy"}}))
    assert shared.call("POST", path, named, caller="timesheets-portal").status_code == 401


def test_a_token_is_shown_whole_and_as_a_bearer(shared: Organisation) -> None:
    token = shared.token("db-proxy")
    for shown in (
        "Bearer", "Bearer ", "Bearer x", f"Bearer {token[:-1]}", f"Bearer {token}x", f"Bearer {token.swapcase()}",
        f"Basic {token}", f"bearer {token}", token, f"Bearer {shared.token('operator')}",
    ):  # fmt: skip
        assert shared.call("POST", V1, BODY, caller=None, Authorization=shown).status_code == 401, shown[:7]
    assert shared.call("POST", V1, BODY, caller=None, Authorization=f"Bearer {token}").status_code == 200
    assert shared.call("POST", f"{V1}?token={token}", BODY, caller=None).status_code == 401


def test_a_hash_from_the_trust_document_is_no_token(shared: Organisation) -> None:
    callers = json.loads((shared.project.data / "trust" / "callers.json").read_text())["callers"]
    peps = {who["pep"] for who in callers.values() if "pep" in who}
    assert {"db-proxy", "timesheets-portal"} < peps
    assert len(callers) == len(peps) + 1, "each a token of its own, and the operator"
    for digest in callers:
        assert shared.call("POST", V1, BODY, caller=None, Authorization=f"Bearer {digest}").status_code == 401


def test_an_escaped_path_is_the_same_path_with_the_same_guard(shared: Organisation) -> None:
    """OPA and the policy see the path decoded, so writing it otherwise opens nothing."""
    for path in ("/v1/data/%61uthz/evaluation", "/v1/d%61ta/authz/evaluation", "/v1/data/x/../authz/evaluation"):
        assert shared.call("POST", path, BODY).json()["result"]["decision"] is True
        for other in (None, "operator", "ledger-api"):
            assert shared.call("POST", path, BODY, caller=other).status_code == 401, path
        assert shared.call("POST", f"{path}?explain=full", BODY).status_code == 401


@pytest.mark.parametrize("caller", ["db-proxy", "operator", None])
@pytest.mark.parametrize("path", [V1 + "/", V0 + "/", "/v1/policies/", "/v1/status/", "/v1/data/trust/"])
def test_a_trailing_slash_is_a_redirect_that_tells_nothing(path: str, caller: str | None, shared: Organisation) -> None:
    """OPA redirects before it asks who calls. Where that leads is guarded."""
    done = shared.call("POST", path, BODY, caller=caller)
    assert (done.status_code, done.content) == (301, b"")
    assert done.headers["Location"] == path.removesuffix("/")


@pytest.mark.parametrize("path", ["/v1/status", "/metrics"])
def test_status_and_metrics_are_the_operators(path: str, shared: Organisation) -> None:
    assert shared.call("GET", path, caller="operator").status_code == 200
    for other in ("db-proxy", None):
        assert shared.call("GET", path, caller=other).status_code == 401
    secrets = {shared.token(name) for name in ("db-proxy", "operator")}
    assert not [one for one in secrets if one in shared.call("GET", path, caller="operator").text]


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/health?bundles&plugins"])
def test_health_is_everyones_and_says_nothing(path: str, shared: Organisation) -> None:
    done = shared.call("GET", path, caller=None)
    assert (done.status_code, done.json()) == (200, {})
