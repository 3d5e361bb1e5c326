"""Mutants that share a module do what each does alone: asked of the real OPA, over heads of every form."""

from __future__ import annotations

import itertools
import os
import signal
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.regression.ask import Question
from livegate.regression.mutation import plan
from livegate.regression.mutation.bench import Bench
from livegate.regression.mutation.blend import blend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from livegate.regression.mutation.mutants import Mutant
    from livegate.regression.mutation.tree import Module

    from .conftest import Read

POLICY = """package authz

evaluation := {"v": value, "s": members, "o": object.union({}, table), "f": [f(x) | some x in [1, 2, 3]], "d": known}

default known := false

known if input.a > 1

value := "big" if {
	input.a > 2
	every x in input.l {
		x < 4
	}
} else := "small" if {
	not input.b
} else := "none"

members contains "a" if input.a == 1

members contains x if some x in input.l

table["a"] := input.a if input.a >= 1

table[k] := 0 if some k in {"x", "y"}

f(x) := x + 1 if x < 2

f(x) := x - 1 if x >= 3
"""
INPUTS = [
    {"a": a, "l": listed, **b} for a, listed, b in itertools.product([0, 1, 2, 3], [[], [1, 5], [3]], [{}, {"b": True}])
]


def _asked() -> list[Question]:
    return [Question(request=one, instant=0) for one in INPUTS]


def _answers(bench: Bench) -> Any:
    try:
        return bench.answers(_asked())
    except EngineError as error:
        return type(error).__name__


def test_together_as_alone(engine: Path, read: Read, tmp_path: Path) -> None:
    modules = read(authz=POLICY)
    every = plan.mutants(modules)
    together, alone = {}, {}
    with Bench(engine, modules, {}, folder=tmp_path / "one") as bench:
        plain = _answers(bench)
        dead = bench.take(modules[0], every)
        for one in every:
            together[one.name, one.line] = "dead" if one.number in dead or bench.choose(one) else _answers(bench)
        bench.restore()
        assert _answers(bench) == plain
        for one in every:  # each by itself, as if nothing could be shared
            bench.take(modules[0], [])
            alone[one.name, one.line] = "dead" if bench.choose(one) is not None else _answers(bench)
    assert isinstance(plain, list)
    assert None not in plain
    assert len(every) > 60
    assert len({repr(answer) for answer in together.values()}) > 25
    assert together == alone


def test_nothing_counts_before_it_is_chosen(engine: Path, read: Read, tmp_path: Path) -> None:
    modules = read(authz=POLICY)
    with Bench(engine, modules, {}, folder=tmp_path / "one") as bench:
        plain = _answers(bench)
        bench.take(modules[0], plan.mutants(modules))
        assert _answers(bench) == plain


def test_those_that_do_not_compile_are_told_and_the_others_go_on(engine: Path, read: Read, tmp_path: Path) -> None:
    modules = read(authz="package authz\nevaluation := x if { x := input.a; f(x) }\n\nf(x) if { not g(x) }\n\ng(1)\n")
    every = plan.mutants(modules)
    with Bench(engine, modules, {}, folder=tmp_path / "one") as bench:
        dead = bench.take(modules[0], every)
        alone = {}
        for one in every:
            bench.take(modules[0], [])
            alone[one.number] = bench.choose(one)
    assert set(dead) == {number for number, why in alone.items() if why} - {
        one.number for one in blend(modules[0], every).alone
    }


def test_defaults_stand_alone(read: Read) -> None:
    (module,) = modules = read(authz=POLICY)
    alone = blend(module, plan.mutants(modules)).alone
    assert {one.edit.kind for one in alone} == {"default"}


def test_an_opa_that_ends_says_how(engine: Path, read: Read, tmp_path: Path) -> None:
    modules = read(authz=POLICY)
    with Bench(engine, modules, {}, folder=tmp_path / "one") as bench:
        assert bench.pid is not None
        os.kill(bench.pid, signal.SIGKILL)
        with pytest.raises(EngineError, match="SIGKILL"):
            _take_until_it_fails(bench, modules[0], plan.mutants(modules))


def _take_until_it_fails(bench: Bench, module: Module, mutants: Sequence[Mutant]) -> None:
    while True:  # the signal takes effect at once, its being seen may not
        bench.take(module, mutants)
