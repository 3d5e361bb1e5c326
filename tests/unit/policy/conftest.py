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
