"""The lock, the Go modules and the code name the same versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from livegate.opa.target import Target
from livegate.opa.tools import OPA, REGAL, Tool

ENGINE = Path(__file__).parents[3] / "tooling" / "engine"
TOOLS = [pytest.param(tool, id=tool.name) for tool in (OPA, REGAL)]


@pytest.mark.parametrize("tool", TOOLS)
def test_go_mod_pins_what_the_lock_names(tool: Tool) -> None:
    text = (ENGINE / tool.name / "go.mod").read_text(encoding="utf-8")
    assert f"require {tool.module} v{tool.version}\n" in text
    assert f"tool {tool.module}\n" in text


@pytest.mark.parametrize("tool", TOOLS)
def test_go_sum_proves_the_module_itself(tool: Tool) -> None:
    sums = (ENGINE / tool.name / "go.sum").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith(f"{tool.module} v{tool.version} h1:") for line in sums)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_pinned_version_is_acceptable_and_each_lock_entry_is_a_sha256(tool: Tool) -> None:
    assert tool.version >= tool.minimum
    assert set(tool.assets) <= set(tool.platforms.values())
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in tool.assets.values())


def test_the_least_opa_has_the_signature_fix() -> None:
    assert str(OPA.minimum) == "1.21.3"


@pytest.mark.parametrize(
    ("target", "opa", "regal"),
    [
        (Target("linux", "amd64"), "opa_linux_amd64_static", "regal_Linux_x86_64"),
        (Target("linux", "arm64"), "opa_linux_arm64_static", "regal_Linux_arm64"),
        (Target("darwin", "amd64"), "opa_darwin_amd64", "regal_Darwin_x86_64"),
        (Target("darwin", "arm64"), "opa_darwin_arm64_static", "regal_Darwin_arm64"),
        (Target("windows", "amd64"), "opa_windows_amd64.exe", "regal_Windows_x86_64.exe"),
        (Target("plan9", "amd64"), None, None),
    ],
)
def test_assets(target: Target, opa: str | None, regal: str | None) -> None:
    assert (OPA.asset(target), REGAL.asset(target)) == (opa, regal)


def test_programs_have_an_extension_on_windows_only() -> None:
    assert Target("windows", "amd64").executable("opa") == "opa.exe"
    assert Target("linux", "amd64").executable("opa") == "opa"
