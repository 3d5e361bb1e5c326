"""Rules as OPA's own parser sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.policy.rules import Rule, rules

if TYPE_CHECKING:
    from livegate.project import Project

    from .conftest import Opa

FILE = "rego/authz/gates/demo/demo.rego"


def test_rule_has_its_text_place_and_next_action(opa: Opa, small: Project) -> None:
    found = rules(opa.binary, small.rego)
    assert list(found) == ["demo.no", "demo.old"]
    assert found["demo.no"] == Rule(
        id="demo.no",
        gate="demo",
        title="It is not",
        description="At all.",
        remediation="Make it so.",
        next_action="none",
        controls=("OWN-1",),
        file=FILE,
        line=12,
    )
    assert found["demo.no"].where == f"{FILE}:12"


def test_next_action_that_is_no_constant_is_unknown(opa: Opa, small: Project) -> None:
    assert rules(opa.binary, small.rego)["demo.old"].next_action is None


def test_reason_without_metadata_is_seen(opa: Opa, small: Project) -> None:
    (small.rego / "bare.rego").write_text('package bare\n\nreasons contains {"id": "bare.x"} if input.y\n', "utf-8")
    found = rules(opa.binary, small.rego)["bare.x"]
    assert (found.annotated, found.controls, found.where) == (False, (), "rego/bare.rego")


def test_reasons_of_tests_and_of_data_are_none(opa: Opa, small: Project) -> None:
    (small.rego / "bare_test.rego").write_text('package bare\n\nreasons contains {"id": "bare.x"}\n', "utf-8")
    (small.rego / "other.rego").write_text("package other\n\nreasons contains given if given := input.x\n", "utf-8")
    assert list(rules(opa.binary, small.rego)) == ["demo.no", "demo.old"]


def test_module_that_is_no_rego_is_an_error(opa: Opa, small: Project) -> None:
    (small.rego / "broken.rego").write_text("package broken\n\nreasons contains\n", "utf-8")
    with pytest.raises(EngineError, match="cannot read"):
        rules(opa.binary, small.rego)
