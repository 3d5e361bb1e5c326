"""A gate is asked alone only where nothing else of it is read: what is not understood leaves none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livegate.regression.mutation import outline, tree

if TYPE_CHECKING:
    from .conftest import Read

ROOT = Path(__file__).parents[4]
ROUTER = """package authz

evaluation := {"v": [verdict | verdict := data.authz.gates[_].verdict], "r": data.authz.gates["one"].reasons}
"""
GATE = 'package authz.gates.{name}\n\nverdict := {{"pass": true}} if input.{name}\n\nreasons contains "{name}.no"\n'


def closed(read: Read, **others: str) -> frozenset[str]:
    """The gates `one` and `two` that are closed beside these modules."""
    gates = {f"gates__{name}": GATE.format(name=name) for name in ("one", "two")}
    router = ROUTER.replace('["one"]', "[gate]") if "router" not in others else others.pop("router")
    return outline.closed(read(router=router, **gates, **others))


def test_our_own_are_all_closed(engine: Path) -> None:
    rego = ROOT / "rego"
    gates = {path.name for path in (rego / "authz" / "gates").iterdir() if path.is_dir()}
    assert outline.closed(tree.modules(engine, rego, tree.files(rego))) == gates


def test_what_the_router_takes_leaves_them_closed(read: Read) -> None:
    assert closed(read) == {"one", "two"}


def test_one_that_another_module_reads_is_open(read: Read) -> None:
    assert closed(read, facts="package facts\n\nx if data.authz.gates.one.helper\n") == {"two"}
    assert closed(read, facts="package facts\n\nimport data.authz.gates.two as other\n\nx if other.helper\n") == {"one"}


@pytest.mark.parametrize(
    "line",
    [
        'x if data["authz"].gates.one.helper',
        'x if data.authz["gates"].one.helper',
        "x if data.authz.gates[_].helper",
        "import data.authz.gates as g",
        "import data.authz as a",
        "import data.authz",
        "x := data",
        "x if walk(data, y)",
        "x := object.get(data, [input.a], 1)",
    ],
)
def test_what_is_not_understood_leaves_none(read: Read, line: str) -> None:
    assert closed(read, facts=f"package facts\n\n{line}\n") == frozenset()


def test_a_comment_opens_nothing(read: Read) -> None:
    assert closed(read, facts="package facts\n\n# see data.authz.gates.one.helper\nx := 1\n") == {"one", "two"}
