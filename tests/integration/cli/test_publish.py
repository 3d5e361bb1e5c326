"""Publish → wait for the fleet → ask → take back, as a pipeline does it: a real server and two real OPAs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from tests.integration.commands import Cli, command_line

from livegate.bundle import keys
from livegate.bundle.server import BundleServer
from livegate.bundle.server import Settings as ServerSettings
from livegate.cli.demo import prepare
from livegate.files import write_bytes
from livegate.opa import config as opa_config
from livegate.opa.process import Configured, Limits, OpaProcess
from livegate.pipeline.build import ALL, build
from livegate.pipeline.publish import publish
from livegate.pipeline.running import token_path
from livegate.project import Project
from livegate.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.opa.engine import Engine

TOKEN = "token-of-a-test"


class Fleet:
    """A folder that is served, two OPAs that load from it, and the project that publishes into it."""

    def __init__(self, project: Project, served: Project, key: Path, cli: Cli) -> None:
        self.project, self.served, self.key, self.cli = project, served, key, cli
        self.opas: list[OpaProcess] = []

    def json(self, *arguments: str | Path, code: int = 0) -> Any:
        """What a command says as JSON."""
        return json.loads(self.cli(*arguments, "--format", "json", code=code).stdout)

    def change(self, old: str, new: str) -> None:
        """Change the policy's configuration and build it."""
        path = self.project.data / "config" / "config.yaml"
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
        self.cli("bundle", "build", "policy", "--key", f"file:{self.key}")

    def publish(self, *names: str) -> dict[str, dict[str, Any]]:
        """Publish; bundle → what was done."""
        done = self.json("bundle", "publish", *names, "--to", self.served.dist)
        return {item["bundle"]: item for item in done}

    def wait(self, revision: str, *options: str, code: int = 0) -> Any:
        """Wait for a policy."""
        project = str(self.served.data.parent)
        return self.json("status", "--wait", f"policy={revision}", "--project", project, *options, code=code)

    def reasons(self, opa: OpaProcess) -> set[str]:
        """Why an OPA denies what erin may do: query."""
        body = {
            "subject": {"type": "human", "id": "erin"},
            "action": {"name": "query"},
            "resource": {"type": "database", "id": "orders-prod"},
            "context": {"pep": "db-proxy", "session": "s-1"},
        }
        token = token_path(self.project, "db-proxy").read_text()
        answered = requests.post(
            f"{opa.url}/v1/data/authz/evaluation",
            json={"input": body},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        return {reason["id"] for reason in answered.json()["result"]["context"]["reasons"]}


@pytest.fixture
def fleet(pytestconfig: pytest.Config, tmp_path: Path, opa_engine: Engine) -> Iterator[Fleet]:
    """All five bundles published, and active in both."""
    project, signer, _ = prepare(Project.at(pytestconfig.rootpath), tmp_path / "project")
    served = Project.at(tmp_path / "served")
    for part in ("rego", "data", "bundles"):
        (tmp_path / "served" / part).mkdir(parents=True)
    made = Fleet(project, served, tmp_path / "project" / "keys" / "example.pem", command_line(project, tmp_path))
    build(project, ALL, signer, now=time.time_ns())
    publish(project, ALL, served.dist, now=time.time_ns())
    write_bytes(tmp_path / "token", TOKEN.encode(), mode=0o600)
    with contextlib.ExitStack() as stack:
        settings = ServerSettings(
            dist=served.dist, logs=served.logs, statuses=served.statuses, tokens=(Secret(TOKEN, "test"),)
        )
        server = stack.enter_context(BundleServer(settings))
        for number in range(2):
            run = tmp_path / f"opa-{number}"
            write_bytes(
                run / "opa.json",
                opa_config.text(
                    opa_config.Settings(
                        service=server.url,
                        token=tmp_path / "token",
                        keys=keys.load_public(project.keys),
                        version=opa_engine.version,
                        persistence=run / "kept",
                        labels={"number": str(number)},
                        poll_seconds=5,
                        retry_seconds=(1, 1),
                    )
                ).encode(),
                mode=0o600,
            )
            opa = OpaProcess(
                opa_engine.path, Configured(config=run / "opa.json"), folder=run, limits=Limits(stop=1.0, processors=1)
            )
            made.opas.append(stack.enter_context(opa))
        yield made


def test_a_bundle_that_opa_refuses_is_named_and_what_nobody_has_takes_its_time(fleet: Fleet, tmp_path: Path) -> None:
    said = fleet.wait("1-nobody", "--timeout", "1s", code=1)
    assert not said["reached"]
    assert {row["state"] for row in said["opas"]} <= {"behind"}

    keys.new("new", tmp_path / "new-private", fleet.project.keys)  # rotated, but no OPA was told of it
    fleet.key = tmp_path / "new-private" / "new.pem"
    fleet.change("floors: {}", "floors: {policy: 1}")
    bad = fleet.publish("policy")["policy"]
    said = fleet.wait(bad["revision"], "--timeout", "60s", code=3)
    refusing = [row for row in said["opas"] if row["state"] == "REFUSED"]
    assert refusing
    assert "verif" in refusing[0]["error"]
    assert [fleet.reasons(opa) for opa in fleet.opas] == [set(), set()]  # they go on with what they have


SMOKE = """suite: Smoke
population: live
cases:
  - name: erin queries
    controls: [C3]
    request:
      subject: {type: human, id: erin}
      action: {name: query}
      resource: {type: database, id: orders-prod}
      context: {pep: db-proxy, session: s-1}
    expect: {decision: allow}
"""


def test_the_scripts_of_the_workflow_publish_and_take_back_what_fails(
    fleet: Fleet, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    workflow = yaml.safe_load((pytestconfig.rootpath / ".github" / "workflows" / "decisions.yml").read_text())
    steps = [step for step in workflow["jobs"]["publish"]["steps"] if "run" in step]
    sign, put, wait, ask, back, remove = (step["run"] for step in steps)
    folder = fleet.project.data.parent
    (folder / "smoke").mkdir()
    (folder / "smoke" / "smoke.yaml").write_text(SMOKE)
    output = tmp_path / "output"
    bin_folder = Path(sys.executable).parent
    environment = {
        "SIGNING_KEY": fleet.key.read_text(),
        "KEY": "1-1/example.pem",
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GITHUB_OUTPUT": str(output),
        "SERVED": str(fleet.served.data.parent),
        "FLEET": "2",
        "URL": fleet.opas[0].url,
        "SMOKE": "smoke",
        "CALLER_TOKEN": token_path(fleet.project, "db-proxy").read_text(),
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
    }

    def run(script: str, code: int = 0) -> dict[str, str]:
        said = dict(line.split("=", 1) for line in output.read_text().splitlines()) if output.exists() else {}
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=folder,
            env={**os.environ, **environment, "REVISION": said.get("revision", "")},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, f"{script}\n{done.stdout}\n{done.stderr}"
        assert "PRIVATE KEY" not in done.stdout + done.stderr
        return dict(line.split("=", 1) for line in output.read_text().splitlines()) if output.exists() else {}

    run(sign)
    assert (tmp_path / "runner" / "signing" / "1-1" / "example.pem").stat().st_mode & 0o077 == 0
    assert run(put)["changed"] == "false"
    run(wait)
    run(ask)
    fleet.change("floors: {}", "floors: {policy: 9000000000000}")
    run(sign)
    assert run(put)["changed"] == "true"
    run(wait)
    run(ask, code=3)
    assert [fleet.reasons(opa) for opa in fleet.opas] == [{"freshness.rolled_back"}] * 2
    run(back)
    assert [fleet.reasons(opa) for opa in fleet.opas] == [set(), set()]
    # what is still built is what was taken back: it does not slip in again
    again = fleet.cli("bundle", "publish", "policy", "--to", fleet.served.dist, code=3)
    assert "is below" in again.stderr
    key = f"file:{fleet.key}"
    refused = fleet.cli("bundle", "rollback", "revocations", "--to", fleet.served.dist, "--key", key, code=4)
    assert "never taken back" in refused.stderr
    run(remove)
    assert not (tmp_path / "runner" / "signing").exists()
