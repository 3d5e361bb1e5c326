"""The policy as OPA sees it: the real engines, the repository's folders, and one organisation as documents."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from livegate.opa.engine import find
from livegate.opa.tools import OPA
from livegate.project import Project

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Opa:
    """OPA's command line. ``rego`` and ``schemas``: the repository's folders."""

    binary: Path
    rego: Path = ROOT / "rego"
    schemas: Path = ROOT / "tooling/livegate/documents/schemas"

    def run(self, *arguments: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
        """Runs it to its end; the caller looks at the exit code."""
        command = [str(self.binary), *map(str, arguments)]
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)

    def evaluate(self, query: str, *options: str | Path, request: object = None) -> Any:  # any JSON
        """The value of a query over the policy with its tests; fails unless there is one."""
        arguments = ("eval", "--format", "json", "--data", self.rego, *options, "--stdin-input", query)
        done = self.run(*arguments, given=json.dumps(request))
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)["result"][0]["expressions"][0]["value"]

    def parse(self, path: Path) -> dict[str, Any]:
        """A module as OPA's syntax tree, annotations with the rules that they are of."""
        done = self.run("parse", "--format", "json", path)
        assert done.returncode == 0, done.stderr
        tree: dict[str, Any] = json.loads(done.stdout)
        return tree


@pytest.fixture(scope="session")
def opa() -> Opa:
    """The engine that the command line would find; missing, it is a failure, never a skip."""
    return Opa(find(OPA).path)


@pytest.fixture(scope="session")
def documents(opa: Opa) -> dict[str, Any]:
    """The organisation of the policy's own tests."""
    value: dict[str, Any] = opa.evaluate("data.testing.fixtures.documents")
    return value


@pytest.fixture
def small(tmp_path: Path) -> Project:
    """A project with one gate of two reasons, a specification that names a third, two frameworks and two cases."""
    for name, text in _SMALL.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Project.at(tmp_path / "project")


_SMALL = {
    "rego/README.md": """# The decision
## Gates
### demo
Passes.
Reasons: `no` `old` (needs `aside`, where
other) `later`.

## The answer
Reasons: `never`
""",
    "rego/authz/gates/demo/demo.rego": """package authz.gates.demo

import future.keywords.not

# METADATA
# title: It is not
# description: At all.
# custom:
#   id: demo.no
#   remediation: Make it so.
#   controls: [OWN-1]
reasons contains {"id": "demo.no", "next_action": "none"} if not input.x

# METADATA
# title: It is old
# description: Too old.
# custom:
#   id: demo.old
#   remediation: Renew it.
#   controls: [OWN-1]
reasons contains {"id": "demo.old", "next_action": action} if some action in input.actions
""",
    "data/controls/frameworks/alpha.yaml": """alpha:
  title: Alpha | the first
  version: "1"
  source: somewhere
  controls:
    - {id: "A:1", title: Be there, answerable: "yes", by: A look.}
    - {id: "A:2", title: Be young, answerable: partly, by: A date.}
    - {id: "A:3", title: Be wise, answerable: "no", by: Nobody can tell.}
    - {id: "A:4", title: Be kind, elsewhere: The log.}
""",
    "data/controls/frameworks/beta.yaml": """beta:
  title: Beta
  version: "2"
  source: elsewhere
  controls:
    - {id: B-1, title: Renew}
""",
    "data/controls/own.yaml": """own:
  OWN-1:
    title: Ours
    meaning: What we want.
    maps:
      - {framework: alpha, version: "1", id: "A:1", title: Be there, relation: implements, confidence: high}
""",
    "data/controls/reasons/demo.yaml": """demo.no:
  - {framework: alpha, id: "A:1", relation: implements, confidence: high}
demo.old:
  - {framework: beta, id: B-1, relation: supports, confidence: low}
demo.later:
  - {framework: alpha, id: "A:2", relation: evidence-for, confidence: medium}
""",
    "tests/policy/demo.yaml": """suite: Demo
population: example
instant: 2026-11-23T12:00:00Z
cases:
  - name: it is not
    controls: [OWN-1]
    request: {}
    expect: {decision: deny, reasons: [demo.no]}
  - name: it is not, and old
    controls: [OWN-1]
    request: {}
    expect: {decision: deny, reasons: [demo.no, demo.later]}
""",
}
