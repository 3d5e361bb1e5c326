"""The real OPA of the run: rules from ``rego/``, documents put one world after another, questions in one query."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fuzz.world import ROOTS
from tests.oracle.values import dumps

from livegate.errors import EngineError
from livegate.opa.process import OpaProcess
from livegate.regression.compare import instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.fuzz.asking import Question

    from livegate.opa.client import OpaClient

_QUERY = """answers := [[id, answer.decision, until, decided, gates, ids] |
    some id, case in input
    request := case.request
    instant := case.now
    answer := data.authz.evaluation with input as request with time.now_ns as instant
    until := object.get(answer.context, "valid_until", null)
    decided := object.get(answer.context, "evaluated_at", null)
    gates := [reason.gate | some reason in object.get(answer.context, "reasons", [])]
    ids := {reason.id | some reason in object.get(answer.context, "reasons", [])}
]"""


@dataclass(frozen=True, slots=True)
class Rules:
    """OPA's mode: policies from a folder as they stand, no bundles, data by the API."""

    folder: Path

    @property
    def scheme(self) -> str:
        """On the loopback, without TLS."""
        return "http"

    def arguments(self) -> list[str]:
        """The tests among the policies stay out."""
        return ["--ignore=*_test.rego", str(self.folder)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What OPA said: decision, the gates among the reasons, ``valid_until`` (ns) of an allow, the reasons' ids."""

    decision: bool
    gates: frozenset[str]
    until: int | None
    reasons: frozenset[str]


class Server:
    """A running OPA and what is asked of it."""

    def __init__(self, client: OpaClient) -> None:
        self._client = client

    def load(self, documents: Mapping[str, Any]) -> None:
        """Make these the documents; a root that is missing is taken away.

        Raises:
            EngineError: OPA refused them.
        """
        for root in ROOTS:
            url = f"{self._client.url}/v1/data/{root}"
            if root in documents:
                done = self._client.session.put(url, data=dumps(documents[root]).encode(), timeout=60)
                wanted = {204}
            else:
                done, wanted = self._client.session.delete(url, timeout=60), {204, 404}
            if done.status_code not in wanted:
                raise EngineError(f"answered {done.status_code} to a document: {done.text[:300]}", where=url)

    def answers(self, questions: Sequence[Question]) -> list[Answer | None]:
        """What it decides, in order, all in one query; None where it gave nothing.

        Raises:
            EngineError: the query failed, or an answer was not decided at its instant.
        """
        asked = ",".join(f'{{"now":{one.now},"request":{dumps(one.request)}}}' for one in questions)
        body = f'{{"query":{json.dumps(_QUERY)},"input":[{asked}]}}'
        url = f"{self._client.url}/v1/query"
        done = self._client.session.post(url, data=body.encode(), timeout=300)
        if done.status_code != 200:
            raise EngineError(f"answered {done.status_code}: {done.text[:1000]}", where=url)
        found: list[Answer | None] = [None] * len(questions)
        for number, decision, until, decided, gates, ids in done.json()["result"][0]["answers"]:
            if instant(decided) != questions[number].now:
                raise EngineError(f"decided at {decided}, not at the question's instant", where=url)
            found[number] = Answer(decision, frozenset(gates), instant(until), frozenset(ids))
        return found

    def direct(self, request: Any) -> tuple[int, Any]:
        """Status and answer of one request by the data API, now."""
        url = f"{self._client.url}/v1/data/authz/evaluation"
        done = self._client.session.post(url, data=f'{{"input":{dumps(request)}}}'.encode(), timeout=60)
        return done.status_code, done.json()


@contextmanager
def running(engine: Path, rules: Path, folder: Path) -> Iterator[Server]:
    """An OPA with these rules, for as long as the context lasts."""
    with OpaProcess(engine, Rules(rules), folder=folder) as opa:
        yield Server(opa.client())
