"""The decision log from the request to the file that an auditor reads: what decided is in it, and no secret."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import V0, V1, dump, until, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Organisation

HIDDEN = [f"hush-{n:02d}-{word}" for n, word in enumerate(("password", "jwt", "email", "iban", "cookie", "key"))]
PASSWORD, JWT, EMAIL, IBAN, COOKIE, KEY = HIDDEN


def _with_secrets() -> list[Any]:
    """Requests with something to hide in every place where there could be something."""
    proof = {"kind": "access-token", "token": JWT, "certificate": KEY, "dpop": JWT, "wpt": JWT, "method": "GET"}
    return [
        dump(
            subject={"type": "human", "id": "alice", "properties": {"email": EMAIL, "password": PASSWORD}},
            action={"name": "dump", "properties": {"sql": f"select '{IBAN}'"}, KEY: 1},
            resource={
                "type": "database",
                "id": "orders-prod",
                "properties": {"dsn": PASSWORD, "parents": [{"x": JWT}]},
            },
            context={**dump()["context"], "authorization": f"Bearer {JWT}", "ip": EMAIL, "cookies": [COOKIE], KEY: KEY},
        ),
        dump(proof={"token": JWT}, **{KEY: {KEY: [KEY]}}),
        dump(subject={"type": {"t": JWT}, "id": [EMAIL]}, resource=[PASSWORD], action=COOKIE),
        dump(context={"pep": "db-proxy", "session": {"cookie": COOKIE}, "ticket": [JWT]}),
        dump(context={**dump()["context"], "credential": proof | {"url": f"https://db.example/?{COOKIE}"}}),
        dump(
            context={
                **dump()["context"],
                "credential": {"kind": {"x": JWT}},
                "signature": JWT,
                "token": JWT,
                "chain": {"id": [KEY], "history": [{"action": "dump", "type": [KEY], KEY: 1}, EMAIL], KEY: KEY},
                "history": [{"action": {"x": KEY}, "subject": "alice", "email": EMAIL}],
                "counters": {KEY: 1, "calls": EMAIL},
                "uses": {JWT: 1},
                "confirmations": [{"name": EMAIL}],
                "conditions": {"iban": IBAN},
            }
        ),
        [JWT, PASSWORD],
        EMAIL,
    ]


def _files(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("."):  # one that is being written
            data = path.read_bytes()
            yield gzip.decompress(data) if path.suffix == ".gz" else data


def _events(logs: Path) -> dict[str, dict[str, Any]]:
    found = (json.loads(line, parse_int=str) for data in _files(logs) for line in data.splitlines())
    return {event["decision_id"]: event for event in found}


@pytest.fixture
def logged(shared: Organisation) -> tuple[list[tuple[dict[str, Any], dict[str, Any]]], Organisation]:
    """Each request with secrets asked, and its event, once it has arrived."""
    asked = []
    for request in _with_secrets():
        caller = "db-proxy" if isinstance(request, dict) else "timesheets-portal"  # who may ask without a name
        text = json.dumps(request)
        done = shared.call("POST", V1, wrapped(V1, text), caller=caller, Cookie=COOKIE, X_Api_Key=KEY).json()
        shared.call("POST", V0, wrapped(V0, text), caller=caller, Cookie=COOKIE, X_Api_Key=KEY)
        asked.append(done)
    identifiers = {done["decision_id"] for done in asked}
    until(lambda: identifiers <= set(_events(shared.project.logs)), "every decision is in the log")
    # one more, and what was asked without an id before it has arrived as well
    last = shared.call("POST", V1, wrapped(V1, json.dumps(dump()))).json()["decision_id"]
    until(lambda: last in _events(shared.project.logs), "the last decision is in the log")
    events = _events(shared.project.logs)
    return [(done, events[done["decision_id"]]) for done in asked], shared


def test_what_was_decided_is_there_and_no_secret_is(
    logged: tuple[list[tuple[dict[str, Any], dict[str, Any]]], Organisation],
) -> None:
    pairs, organisation = logged
    for answer, event in pairs:
        assert event["result"] == json.loads(json.dumps(answer["result"]), parse_int=str), "the answer as it was given"
        assert set(event["result"]["context"]["revisions"]) == {"policy", "iga", "pam", "trust", "revocations"}
        assert set(event["bundles"]) == set(event["result"]["context"]["revisions"])
        assert event["path"] == "authz/evaluation"
        assert event["labels"]["app"] == "livegate"
        assert event["timestamp"]
    first = pairs[0][1]
    assert first["result"]["decision"] is True
    assert first["result"]["context"]["evidence"]["elevation"]["approvers"] == ["carol"]
    assert first["input"] == {
        "subject": {"type": "human", "id": "alice"},
        "action": {"name": "dump"},
        "resource": {"type": "database", "id": "orders-prod"},
        "context": {"pep": "db-proxy", "session": "s-1", "ticket": "CHG-4407"},
    }
    assert [event["input"] for _, event in pairs[-2:]] == [{}, {}], "a request that is no object leaves nothing"

    tokens = [organisation.token(name) for name in ("db-proxy", "ledger-api", "ci-gateway", "operator")]
    tokens.append((organisation.project.state / "run" / "bundle-token").read_text())
    written = [*_files(organisation.project.logs), *_files(organisation.project.statuses)]
    written.append((organisation.project.state / "run" / "opa.log").read_bytes())
    assert sum(data.count(b'"decision_id"') for data in written) >= 2 * len(pairs) + 1, "v0 is logged as well"
    for secret in [*HIDDEN, *tokens]:
        assert not [data for data in written if secret.encode() in data], secret[:8]
    # the search would have found them: the same search finds what is meant to be there
    assert [data for data in written if b"CHG-4407" in data]


ODD: list[Any] = [
    None, True, 7, "text", [], {}, {"subject": []}, {"context": {}}, {"context": []}, {"context": {"x": 1}},
    {"subject": {"id": {"x": 1}}, "action": [[]], "resource": 0}, {"action": {"properties": []}}, {"": {"": ""}},
    {"resource": {"type": "timesheet", "properties": {"parents": [None]}}},
]  # fmt: skip


def test_every_decision_leaves_one_event(shared: Organisation) -> None:
    """Nothing is dropped, and no mask fails: OPA would lose the event without a word."""
    asked = [
        shared.call("POST", V1, wrapped(V1, json.dumps(request)), caller="timesheets-portal").json()["decision_id"]
        for request in ODD
    ]
    for name in ("credential", "chain", "history", "counters", "uses", "confirmations", "conditions", "session"):
        values: list[Any] = [None, 7, "text", [], [[]], [{"action": {}}], {}, {"id": [], "history": {}}, {"kind": []}]
        for value in values:
            request = dump(context={**dump()["context"], name: value})
            asked.append(shared.call("POST", V1, wrapped(V1, json.dumps(request))).json()["decision_id"])
    assert len(set(asked)) == len(asked) == len(ODD) + 8 * 9
    until(lambda: set(asked) <= set(_events(shared.project.logs)), "every decision is in the log")
    lines = [json.loads(line)["decision_id"] for data in _files(shared.project.logs) for line in data.splitlines()]
    assert [lines.count(one) for one in asked] == [1] * len(asked)


def test_there_is_no_rule_that_drops(pytestconfig: pytest.Config) -> None:
    found = [path.read_text("utf-8") for path in (pytestconfig.rootpath / "rego" / "system" / "log").glob("*.rego")]
    assert any("mask contains" in text for text in found)
    assert not [text for text in found if any(line.startswith(("drop", "default drop")) for line in text.splitlines())]


def test_only_the_owner_may_read_it(
    logged: tuple[list[tuple[dict[str, Any], dict[str, Any]]], Organisation],
) -> None:
    _, organisation = logged
    for folder in (organisation.project.logs, organisation.project.statuses, organisation.project.state / "run"):
        for path in [folder, *folder.rglob("*")]:
            assert path.stat().st_mode & 0o077 == 0 or path.is_socket(), path
    assert (organisation.project.state / "run" / "opa.log").stat().st_mode & 0o077 == 0


def _agent(**context: Any) -> dict[str, Any]:
    """What an agent may do for carol; ``context`` replaces members of its context."""
    given = {"pep": "ledger-api", "task": "reconcile-2026-10", "mandate": "m-301", "counters": {"calls": 12}}
    return {
        "subject": {"type": "agent", "id": "agent-recon"},
        "action": {"name": "read"},
        "resource": {"type": "payment", "id": "4711"},
        "context": {**given, "chain": {"id": "c-1", "history": []}, **context},
    }


def _transfer(**context: Any) -> dict[str, Any]:
    """What asks for a ticket, counts and confirmations."""
    given = {"pep": "ledger-api", "session": "s-1", "ticket": "FIN-1", "counters": {"transfers": 0}}
    return {
        "subject": {"type": "human", "id": "bob"},
        "action": {"name": "transfer", "properties": {"transfers": 1}},
        "resource": {"type": "payment", "id": "4711"},
        "context": {**given, **context},
    }


def _in_context(**members: Any) -> dict[str, Any]:
    return dump(context={**dump()["context"], **members})


def _release(**context: Any) -> dict[str, Any]:
    """What looks at who did what before, and at conditions."""
    return {**_transfer(**context), "action": {"name": "release", "properties": {"amount": 1, "currency": "EUR"}}}


PADDED: dict[str, Callable[[str], dict[str, Any]]] = {
    "subject type": lambda noise: dump(subject={"type": noise, "id": "alice"}),
    "subject id": lambda noise: dump(subject={"type": "human", "id": noise}),
    "action name": lambda noise: dump(action={"name": noise}),
    "resource type": lambda noise: dump(resource={"type": noise, "id": "orders-prod"}),
    "resource id": lambda noise: dump(resource={"type": "database", "id": noise}),
    "parents": lambda noise: {
        "subject": {"type": "human", "id": "alice"},
        "action": {"name": "deploy"},
        "resource": {"type": "pipeline", "id": "x", "properties": {"parents": [f"account:{noise}"]}},
        "context": {"pep": "ci-gateway", "ticket": "CHG-1"},
    },
    "parents not asserted": lambda noise: dump(
        resource={"type": "database", "id": "x", "properties": {"parents": [f"account:{noise}"]}}
    ),
    "parameter": lambda noise: {**_transfer(), "action": {"name": "transfer", "properties": {"transfers": noise}}},
    "parameter's name": lambda noise: {**_transfer(), "action": {"name": "transfer", "properties": {noise: 1}}},
    "session": lambda noise: _in_context(session=noise),
    "ticket": lambda noise: _in_context(ticket=noise),
    "ticket of the kind asked for": lambda noise: _transfer(ticket="FIN-" + "".join(str(ord(c) % 10) for c in noise)),
    "task": lambda noise: _agent(task=noise),
    "tool": lambda noise: _agent(tool=noise),
    "mandate": lambda noise: _agent(mandate=noise),
    "environment": lambda noise: _in_context(environment=noise),
    "counter": lambda noise: _agent(counters={"calls": noise}),
    "counter's name": lambda noise: _agent(counters={noise: 1}),
    "use": lambda noise: _in_context(uses={noise: 1}),
    "chain": lambda noise: _agent(chain={"id": noise, "history": []}),
    "action in the chain": lambda noise: _agent(chain={"id": "c", "history": [{"action": noise, "type": "customer"}]}),
    "id in the chain": lambda noise: _agent(
        chain={"id": "c", "history": [{"action": "read", "type": "customer", "id": noise}]}
    ),
    "who did what": lambda noise: _release(history=[{"action": "create", "subject": noise}]),
    "many who did": lambda noise: _release(
        history=[{"action": "create", "subject": noise[at : at + 40]} for at in range(0, len(noise) // 2, 40)]
    ),
    "confirmation": lambda noise: _transfer(confirmations=["carol", noise]),
    "condition": lambda noise: _release(conditions={"device": noise}),
    "condition's name": lambda noise: _release(conditions={noise: "managed"}),
    "kind of credential": lambda noise: _in_context(credential={"kind": noise}),
    "token": lambda noise: _in_context(credential={"kind": "access-token", "token": noise}),
    "signature": lambda noise: _in_context(signature=noise),
    "member that nobody knows": lambda noise: dump(padding=noise),
}
"""Where a request has text, in every place that is logged or answered."""

ROOM = 1000  # bytes beside the padding


def test_the_largest_request_leaves_its_decision(shared: Organisation) -> None:
    """Padding a request does not keep its decision out of the log, wherever an answer or the log may repeat it."""
    import random  # noqa: PLC0415  # here alone

    # what compresses worst in JSON: a byte a character, none of them twice as likely as another
    symbols = [chr(code) for code in range(33, 127) if chr(code) not in '"\\']
    noise = "".join(random.Random(1).choices(symbols, k=(1 << 20) - ROOM))  # noqa: S311  # no secret
    assert len(gzip.compress(noise.encode(), 1)) > 0.8 * len(noise)
    asked = {}
    for place, padded in PADDED.items():
        request = padded(noise)
        body = wrapped(V1, json.dumps(request))
        assert (1 << 20) >= len(body) > (1 << 19), place
        caller = request["context"]["pep"]
        asked[shared.call("POST", V1, body, caller=caller).json()["decision_id"]] = place
    assert len(asked) == len(PADDED)
    until(lambda: set(asked) <= set(_events(shared.project.logs)), "the decisions on large requests are in the log")
    # and none was given up on: from then on, OPA would drop whatever is as large
    assert b"Log encoding failed" not in (shared.project.state / "run" / "opa.log").read_bytes()
    events = _events(shared.project.logs)
    for decision, place in asked.items():
        answer = len(json.dumps(events[decision]["result"]))
        assert answer < 20_000, f"{place}: the answer repeats what was padded"
