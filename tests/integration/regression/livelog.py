"""A deployment that decides for a while: its decision log, as its bundle server kept it."""

from __future__ import annotations

import gzip
import itertools
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.bundle import keys
from livegate.cli.demo import prepare
from livegate.model.records import Revocation, RevocationKind
from livegate.opa.client import direct_session
from livegate.pipeline import revoke
from livegate.pipeline.build import ALL, build
from livegate.pipeline.running import Deployment, token_path
from livegate.regression.archive import Archive
from livegate.regression.replay import Against

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livegate.bundle.signing import KeySigner
    from livegate.opa.engine import Engine
    from livegate.project import Project

V1 = "/v1/data/authz/evaluation"
DEADLINE = 60.0


@dataclass(frozen=True)
class Live:
    """What is left of it: its project, its signer, every answer by decision id with what was asked, and the engine."""

    project: Project
    signer: KeySigner
    engine: Engine
    answers: dict[str, tuple[dict[str, Any], dict[str, Any]]]

    def against(self, **changes: Any) -> Against:
        """What to replay it with."""
        given = {"archive": Archive(self.project), "keys": keys.load_public(self.project.keys), "engine": self.engine}
        return Against(**{**given, **changes})

    def ids(self, *, action: str | None = None, allow: bool | None = None, token: bool | None = None) -> set[str]:
        """Decisions of an action, that allowed or not, asked with a token or not."""
        return {
            one
            for one, (request, answer) in self.answers.items()
            if (action is None or request.get("action", {}).get("name") == action)
            and (allow is None or answer["decision"] is allow)
            and (token is None or ("credential" in request.get("context", {})) is token)
        }

    def lines(self) -> list[str]:
        """The log, a line an event."""
        return [
            line
            for path in sorted(self.project.logs.rglob("*.gz"))
            for line in gzip.decompress(path.read_bytes()).decode().splitlines()
        ]


def requests(issuers: Any, now: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Caller and request, without end: people, services, agents, legacy ones, with and without a token, odd ones."""
    people = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "nobody")
    for number in itertools.count():
        who = people[number % len(people)]
        action = ("query", "dump", "administer", "connect", "restore")[number % 5]
        database = ("orders-prod", "orders-staging", f"unlisted-{number}")[number % 3]
        request: dict[str, Any] = {
            "subject": {"type": "human", "id": who},
            "action": {"name": action},
            "resource": {"type": "database", "id": database},
            "context": {"pep": "db-proxy", "session": f"s-{number % 7}", "ticket": "CHG-4407"},
        }
        alice = {"subject": {"type": "human", "id": "alice"}, "resource": {"type": "database", "id": "orders-prod"}}
        yield "db-proxy", request
        yield "db-proxy", {**request, **alice}
        if number % 4 == 0:
            dump = {**request, **alice, "action": {"name": "dump"}}
            credential = {"kind": "access-token", "issuer": "https://login.example", "claims": {"sub": "00u0001"}}
            yield "db-proxy", issuers.equip(dump, credential, None, now=now)
        if number % 5 == 0:
            context = {
                "pep": "ledger-api",
                "task": "reconcile-2026-10",
                "mandate": "m-301",
                "counters": {"calls": 1.50},
            }
            yield (
                "ledger-api",
                {
                    "subject": {"type": "agent", "id": "agent-recon"},
                    "action": {"name": "read"},
                    "resource": {"type": "payment", "id": f"p-{number}"},
                    "context": {**context, "chain": {"id": f"c-{number}", "history": []}},
                },
            )
        if number % 6 == 0:
            yield (
                "timesheets-portal",
                {
                    "subject": {"type": "human", "id": "erin"},
                    "action": {"name": "read"},
                    "resource": {"type": "timesheet", "id": "t"},
                    "extra": {"password": "hunter2"},
                },
            )


def live(checkout: Project, engine: Engine, folder: Path, *, count: int) -> Live:
    """Decide ``count`` requests, with a revocation in the middle; the log is complete when it returns."""
    project, signer, issuers = prepare(checkout, folder)
    build(project, ALL, signer, now=time.time_ns())
    answers: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    with direct_session() as session, Deployment(project, engine, log_seconds=(1, 1)) as running:
        tokens = {path.name: path.read_text() for path in token_path(project, "x").parent.iterdir()}

        def ask(caller: str, request: dict[str, Any]) -> dict[str, Any]:
            # written so that a number is no Python number: OPA logs it as it came
            body = json.dumps({"input": request}).replace("1.5}", "1.50}")
            headers = {"Authorization": f"Bearer {tokens[caller]}", "Content-Type": "application/json"}
            said = session.post(running.opa.url + V1, data=body, headers=headers, timeout=30).json()
            answers[said["decision_id"]] = (request, said["result"])
            return dict(said["result"])

        source = requests(issuers, time.time_ns())
        for caller, request in itertools.islice(source, count // 2):
            before = ask(caller, request)["context"]["revisions"]["revocations"]
        now = time.time_ns()
        revocation = Revocation(id="r-1", kind=RevocationKind.SESSION, target="s-1", effective_at=now, reason="test")
        revoke.publish(project, revocation, signer, now=now)
        caller, request = next(source)
        end = time.monotonic() + DEADLINE
        while ask(caller, request)["context"]["revisions"]["revocations"] == before:
            assert time.monotonic() < end
        for caller, request in itertools.islice(source, max(0, count - len(answers))):
            ask(caller, request)
        made = Live(project, signer, engine, answers)
        end = time.monotonic() + DEADLINE
        while not {json.loads(line)["decision_id"] for line in made.lines()} >= set(answers):
            assert time.monotonic() < end
            time.sleep(0.5)
    return made
