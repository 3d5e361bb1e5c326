"""The checkout, copies of it to change, and suites to decide."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livegate.project import Project
from livegate.regression.suite import load_all, loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.regression.suite import Suite

    Change = Callable[[str, str, str], None]

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project() -> Project:
    """The checkout; regression writes nothing into it."""
    return Project.at(ROOT)


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    """A copy of the checkout's rules, documents and suites, to plant changes in."""
    folder = tmp_path / "copy"
    for part in ("rego", "data", "bundles", "tests/policy"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("dist", "keys"))
    return Project.at(folder)


@pytest.fixture
def plant(copy: Project) -> Change:
    """Replaces text in a file of the copy; text that is not there exactly once is a failure of the test."""

    def change(file: str, old: str, new: str) -> None:
        path = copy.rego.parent / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), "utf-8")

    return change


@pytest.fixture
def reference() -> tuple[Suite, ...]:
    """The suites of this repository."""
    return load_all([ROOT / "tests" / "policy"])


@pytest.fixture
def alice() -> Callable[..., Suite]:
    """Makes a suite of one request, alice's to administer, at each of these instants, with one expectation for all."""

    def make(*instants: str, expect: str = "{decision: allow}", given: str = "") -> Suite:
        cases = "".join(
            f"""
  - name: number {number}
    controls: [C3]
    instant: {instant}
    request:
      subject: {{type: human, id: alice}}
      action: {{name: administer}}
      resource: {{type: database, id: orders-prod}}
      context: {{pep: db-proxy, session: s-1}}
    expect: {expect}"""
            for number, instant in enumerate(instants)
        )
        text = f"suite: Alice\npopulation: example\ninstant: 2026-11-23T12:00:00Z\n{given}cases:{cases}\n"
        return loads(text.encode(), file="alice.yaml")

    return make
