"""A deployment that runs is asked as an application asks it: by the decision API alone, with a caller's own token."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from livegate.cli.demo import prepare
from livegate.cli.regress import regress
from livegate.errors import ConfigError, SuiteError
from livegate.model.instants import HOUR
from livegate.pipeline.build import ALL, build
from livegate.pipeline.running import Deployment, token_path
from livegate.project import Project
from livegate.regression import live
from livegate.regression.report import exit_code
from livegate.regression.results import Outcome
from livegate.regression.suite import loads
from livegate.secrets import Secret

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from livegate.opa.client import OpaClient
    from livegate.opa.engine import Engine
    from livegate.regression.results import SuiteResult
    from livegate.regression.suite import Suite

SMOKE = """suite: Smoke
population: live
cases:
  - name: alice dumps
    controls: [C3]
    tags: [smoke]
    request:
      subject: {type: human, id: alice}
      action: {name: dump}
      resource: {type: database, id: orders-prod}
      context: {pep: db-proxy, session: s-1, ticket: CHG-4407}
    expect: {decision: allow}
  - name: nobody does not
    controls: [C3]
    request:
      subject: {type: human, id: nobody-at-all}
      action: {name: query}
      resource: {type: database, id: orders-prod}
      context: {pep: db-proxy}
    expect: {decision: deny, reasons: [identity.unknown, entitlement.missing]}
"""


class Running:
    """A deployment, its address and the token files of its callers."""

    def __init__(self, project: Project, url: str, revisions: dict[str, str]) -> None:
        self.project, self.url, self.revisions = project, url, revisions

    def client(self, caller: str = "db-proxy") -> OpaClient:
        """A client with a caller's token."""
        return live.client(self.url, token=Secret(token_path(self.project, caller).read_text(), "file:token"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, opa_engine: Engine) -> Iterator[Running]:
    """The example organisation as it is deployed: bundles over HTTP, callers judged by ``system.authz``."""
    made, signer, _ = prepare(Project.at(ROOT), tmp_path_factory.mktemp("organisation") / "project")
    revisions = {item.name: item.revision for item in build(made, ALL, signer, now=time.time_ns())}
    with Deployment(made, opa_engine, log_seconds=(1, 1)) as deployment:
        yield Running(made, deployment.opa.url, revisions)


@pytest.fixture
def smoke() -> Suite:
    """A suite for a running OPA."""
    return loads(SMOKE.encode(), file="smoke.yaml")


def ask(running: Running, *suites: Suite, caller: str = "db-proxy", **more: Any) -> Sequence[SuiteResult]:
    """The results of one caller."""
    client = running.client(caller)
    with client.session:
        return live.ask(client, suites, **more)


def test_a_deployment_is_asked_by_the_decision_api_alone(
    running: Running, smoke: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = running.client()
    sent = []
    real = client.session.request

    def request(method: str, url: str, **rest: Any) -> Any:
        sent.append((method, url))
        return real(method, url, **rest)

    monkeypatch.setattr(client.session, "request", request)
    with client.session:
        results = live.ask(client, [smoke])
    assert exit_code(results) == 0, [result for suite in results for result in suite.results]
    assert sent == [("POST", f"{running.url}/v1/data/authz/evaluation")] * 2


def test_a_wrong_expectation_is_a_difference(running: Running, smoke: Suite) -> None:
    wrong = loads(SMOKE.replace("[identity.unknown, ", "[identity.inactive, ").encode(), file="smoke.yaml")
    (result,) = ask(running, wrong)
    assert [item.outcome for item in result.results] == [Outcome.PASSED, Outcome.FAILED]
    assert exit_code([result]) == 3


def test_the_revisions_that_were_published_are_demanded(running: Running, smoke: Suite) -> None:
    assert exit_code(ask(running, smoke, revisions=running.revisions)) == 0
    (result,) = found = ask(running, smoke, revisions={**running.revisions, "policy": "9:another"})
    assert exit_code(found) == 3
    assert [item.what for item in result.results[0].differences] == ["revisions.policy"]
    assert result.results[0].differences[0].actual == running.revisions["policy"]


@pytest.mark.parametrize("caller", ["operator", "gateway"])
def test_a_caller_who_may_not_ask_gets_no_pass(running: Running, smoke: Suite, caller: str) -> None:
    token = Secret("not-a-token", "file:x") if caller == "gateway" else None
    client = live.client(running.url, token=token) if token else running.client(caller)
    with client.session:
        (result,) = live.ask(client, [smoke])
    assert result.count(Outcome.ERROR) == 2
    assert exit_code([result]) == 1
    assert "401" in str(result.results[0].error)


def test_a_clock_that_is_far_off_proves_nothing(running: Running, smoke: Suite) -> None:
    (result,) = ask(running, smoke, now=lambda: time.time_ns() + HOUR)
    assert result.count(Outcome.ERROR) == 2
    assert "one of the two clocks is wrong" in str(result.results[0].error)


def test_an_address_that_nobody_has_is_not_asked_for_ever(smoke: Suite) -> None:
    many = loads(
        (
            SMOKE.partition("cases:")[0]
            + "cases:\n"
            + "".join(
                f"  - {{name: n{number}, controls: [C3], request: {{}}, expect: {{decision: deny, reasons: [a.b]}}}}\n"
                for number in range(5)
            )
        ).encode(),
        file="s.yaml",
    )
    client = live.client("http://127.0.0.1:1")
    with client.session:
        (result,) = live.ask(client, [many])
    assert result.count(Outcome.ERROR) == 5
    assert ["not asked" in str(item.error) for item in result.results] == [False, False, False, True, True]


def test_a_suite_of_another_clock_is_refused() -> None:
    frozen = loads(
        SMOKE.replace("population: live", "population: example\ninstant: 2026-11-23T12:00:00Z").encode(), file="f.yaml"
    )
    with pytest.raises(SuiteError, match="its own instant") as caught:
        live.ask(live.client("http://127.0.0.1:1"), [frozen])
    assert caught.value.exit_code == 2
    assert str(caught.value.where).startswith("f.yaml:")


@pytest.mark.parametrize(
    ("url", "token", "message"),
    [
        ("http://opa.example:8181", True, "in the clear"),
        ("ftp://127.0.0.1", False, "is no http"),
        ("https://user:pass@opa.example", False, "is no http"),
        ("nonsense", False, "is no http"),
    ],
)
def test_an_address_that_would_tell_the_token_is_refused(url: str, *, token: bool, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        live.client(url, token=Secret("t", "env:T") if token else None)
    assert "pass" not in str(caught.value)


def test_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        live.client("https://opa.example", ca=tmp_path / "none.pem")
    with pytest.raises(ConfigError, match="go together"):
        live.client("https://opa.example", certificate=tmp_path / "none.pem")


def test_the_command_asks_and_says_what_it_skips(running: Running, opa_engine: Engine, tmp_path: Path) -> None:
    suite = tmp_path / "smoke.yaml"
    suite.write_text(SMOKE)
    runner = CliRunner(env={"LIVEGATE_OPA": str(opa_engine.path), "LIVEGATE_CALLER_TOKEN": ""})
    token = f"file:{token_path(running.project, 'db-proxy')}"
    base = ["run", str(suite), "--project", str(ROOT)]
    asked = [*base, "--url", running.url, "--token", token]
    done = runner.invoke(regress, [*asked, "--format", "json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["summary"]["passed"] == 2
    wrong = runner.invoke(regress, [*asked, "--expect-revision", "policy=1:old"])
    assert (wrong.exit_code, wrong.stdout.count("revisions.policy: expected 1:old")) == (3, 2)
    alone = runner.invoke(regress, base)
    assert "every case is for a running OPA" in str(alone.exception)
    frozen = tmp_path / "request.yaml"
    frozen.write_text((ROOT / "tests/policy/request.yaml").read_text("utf-8"), "utf-8")
    refused = runner.invoke(regress, ["run", str(frozen), *asked[2:]])
    assert "its own instant" in str(refused.exception)
    assert getattr(refused.exception, "exit_code", None) == 2
    both = runner.invoke(
        regress, ["run", str(tmp_path), "--project", str(ROOT), "--filter", "nothing posted is denied"]
    )
    assert both.exit_code == 0
    mixed = runner.invoke(regress, ["run", str(tmp_path), "--project", str(ROOT), "--filter", "no"])
    assert "skipped" in mixed.stdout
