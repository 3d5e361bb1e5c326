"""Whether OPA is told to be strict about errors of built-ins changes no decision: no rule lets one arise.

The data API answers a request whose rules raise such an error with 500 where ``strict-builtin-errors`` is asked for,
and else goes on as if the expression were undefined. Every case is decided both ways, at its own instant, by a rule
that is loaded beside the policy, because a query cannot be strict.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.opa.conftest import KeyPair

from livegate.opa.process import OpaProcess
from livegate.project import Project
from livegate.regression.population import issued
from livegate.regression.suite import load_all

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.opa.conftest import Build

    from livegate.opa.engine import Engine

CLOCK = """package clock

answers[id] := answer if {
	some id, case in input
	request := case.request
	instant := case.instant
	answer := data.authz.evaluation with input as request with time.now_ns as instant
}

mask[id] := masks if {
	some id, case in input
	request := case.request
	masks := data.system.log.mask with input as {"input": request}
}

fails if json.unmarshal(input.text)
"""
ODD: list[Any] = [
    None, True, 7, -1.5, "", "text", "\\u0000", [], [None], [[["x"]]], {}, {"": ""}, {"x": {"x": []}}, [{"action": 1}],
    {"id": [], "history": [{}]}, {"kind": "jwt-svid", "token": "a.b.c"}, {"kind": "x509-svid", "certificate": "x"},
    {"kind": "wit", "token": "e30.e30.e30", "wpt": 1}, {"kind": "access-token", "token": "e30.e30.", "dpop": []},
]  # fmt: skip
PLACES = [
    ("subject",), ("subject", "type"), ("subject", "id"), ("action",), ("action", "name"), ("action", "properties"),
    ("resource",), ("resource", "type"), ("resource", "id"), ("resource", "properties"), ("context",),
    *(("context", name) for name in (
        "pep", "session", "ticket", "task", "tool", "mandate", "environment", "credential", "signature", "chain",
        "history", "counters", "uses", "confirmations", "conditions",
    )),
]  # fmt: skip


def odd(request: dict[str, Any]) -> list[Any]:
    """The request with each odd value in each place, and each odd value in its place."""
    made: list[Any] = list(ODD)
    for place in PLACES:
        for value in ODD:
            changed = json.loads(json.dumps(request))
            parent = changed if len(place) == 1 else changed.setdefault(place[0], {})
            parent[place[-1]] = value
            made.append(changed)
    return made


@pytest.mark.long
@pytest.mark.timeout(600)
def test_strict_or_not(opa_engine: Engine, build: Build, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    root = pytestconfig.rootpath
    suites = load_all([root / "tests" / "policy"])
    decided = allowed = 0
    for number, given in enumerate(dict.fromkeys(suite.given for suite in suites)):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = issued(Project.at(root), given, folder)
        local, issuers = made.local, made.issuers
        private = next(path for path in (folder / "key").iterdir() if "PRIVATE" in path.read_text())
        signer = KeyPair(local.kid, private, local.key)
        clock = build(f"clock{number}", ["clock"], {"clock/clock.rego": CLOCK}, key=signer)
        cases = [
            {
                "request": issuers.equip(case.request, case.credential, case.signed, now=case.instant),
                "instant": case.instant,
            }
            for suite in suites
            for case in suite.cases
            if case.given == given
        ]
        seeds = cases[:: max(1, len(cases) // 3)]
        cases += [{"request": one, "instant": seed["instant"]} for seed in seeds for one in odd(seed["request"])]
        mode = replace(local, bundles=(*local.bundles, clock))
        with OpaProcess(opa_engine.path, mode, folder=folder / "opa") as server:
            client = server.client()
            with contextlib.closing(client.session):

                def ask(path: str, given: object) -> tuple[int, Any]:
                    done = client.session.post(server.url + path, json={"input": given}, timeout=300)  # noqa: B023  # called in this turn
                    return done.status_code, done.json()

                # The instrument works: an error that does arise is told apart.
                assert ask("/v1/data/clock/fails", {"text": "{"})[0] == 200
                assert ask("/v1/data/clock/fails?strict-builtin-errors=true", {"text": "{"})[0] == 500
                for name in ("answers", "mask"):
                    plain = ask(f"/v1/data/clock/{name}", cases)
                    strict = ask(f"/v1/data/clock/{name}?strict-builtin-errors=true", cases)
                    assert plain[0] == 200, plain[1]
                    assert strict[0] == 200, strict[1]
                    assert strict[1]["result"] == plain[1]["result"]
                    assert len(plain[1]["result"]) == len(cases)
                    if name == "answers":
                        decided += len(cases)
                        allowed += sum(answer["decision"] for answer in plain[1]["result"].values())
    assert decided > 1_000
    assert allowed > 50
