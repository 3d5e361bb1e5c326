"""The decision log from the request to the file that an auditor reads: what decided is in it, and no secret."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import V0, V1, dump, until, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Organisation

HIDDEN = [f"hush-{n:02d}-{word}" for n, word in enumerate(("password", "jwt", "email", "iban", "cookie", "key"))]
PASSWORD, JWT, EMAIL, IBAN, COOKIE, KEY = HIDDEN


def _with_secrets() -> list[Any]:
    """Requests with something to hide in every place where there could be something."""
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
        done = shared.call("POST", V1, wrapped(V1, json.dumps(request)), Cookie=COOKIE, X_Api_Key=KEY).json()
        shared.call("POST", V0, wrapped(V0, json.dumps(request)), Cookie=COOKIE, X_Api_Key=KEY)
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
    assert [event["input"] for _, event in pairs[4:]] == [{}, {}], "a request that is no object leaves nothing"

    tokens = [organisation.token(name) for name in ("db-proxy", "ledger-api", "ci-gateway", "operator")]
    tokens.append((organisation.project.state / "run" / "bundle-token").read_text())
    written = [*_files(organisation.project.logs), *_files(organisation.project.statuses)]
    written.append((organisation.project.state / "run" / "opa.log").read_bytes())
    assert sum(data.count(b'"decision_id"') for data in written) >= 2 * len(pairs) + 1, "v0 is logged as well"
    for secret in [*HIDDEN, *tokens]:
        assert not [data for data in written if secret.encode() in data], secret[:8]
    # the search would have found them: the same search finds what is meant to be there
    assert [data for data in written if b"CHG-4407" in data]


def test_only_the_owner_may_read_it(
    logged: tuple[list[tuple[dict[str, Any], dict[str, Any]]], Organisation],
) -> None:
    _, organisation = logged
    for folder in (organisation.project.logs, organisation.project.statuses, organisation.project.state / "run"):
        for path in [folder, *folder.rglob("*")]:
            assert path.stat().st_mode & 0o077 == 0 or path.is_socket(), path
    assert (organisation.project.state / "run" / "opa.log").stat().st_mode & 0o077 == 0


def test_the_largest_request_leaves_its_decision(shared: Organisation) -> None:
    """Padding a request does not keep its decision out of the log, in any member that the log keeps."""
    import random  # noqa: PLC0415  # here alone

    noise = random.Random(1).randbytes(7_500_000 // 2).hex()  # noqa: S311  # no secret: it must only compress badly
    asked = [
        shared.call("POST", V1, wrapped(V1, json.dumps(request))).json()["decision_id"]
        for request in (
            dump(subject={"type": "human", "id": noise}),
            dump(resource={"type": "database", "id": noise}),
            dump(padding=noise),
        )
    ]
    until(lambda: set(asked) <= set(_events(shared.project.logs)), "the decisions on large requests are in the log")
