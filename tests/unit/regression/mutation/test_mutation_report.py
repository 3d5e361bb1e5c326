"""Scores and exit codes, from results made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.errors import EngineError
from livegate.regression.mutation import report
from livegate.regression.mutation.equivalent import Entry
from livegate.regression.mutation.report import Report
from livegate.regression.mutation.run import Outcome, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.errors import LivegateError
    from livegate.regression.mutation.mutants import Mutant

    Make = Callable[[str], tuple[Mutant, ...]]

_K, _S, _T, _D = Verdict.KILLED, Verdict.SURVIVED, Verdict.TIMEOUT, Verdict.STILLBORN
_ENTRY = Entry(file="f", line="l", mutation="m: n", reason="r", where="equivalent.yaml:2:3")


def _report(
    mutants: Make,
    verdicts: list[Verdict],
    *,
    listed: tuple[int, ...] = (),
    broken: bool = False,
    untried: int = 0,
    error: LivegateError | None = None,
) -> Report:
    made = mutants("p if {\n\tinput.a < 1\n\tinput.b < 2\n\tinput.c < 3\n}")
    results = tuple(Result(mutant=one, verdict=verdict) for one, verdict in zip(made, verdicts, strict=False))
    outcome = Outcome(results=results, untried=untried, trials=(), broken=(("x", "y"),) if broken else (), error=error)
    return Report(outcome=outcome, chosen=(len(verdicts), len(verdicts)), listed=dict.fromkeys(listed, _ENTRY))


def test_the_score_leaves_out_what_cannot_be_noticed(mutants: Make) -> None:
    made = _report(mutants, [_K, _K, _T, _S, _S, _D], listed=(4,))
    assert made.total.percent == 75
    assert (made.total.killed, made.total.timeout, made.total.survived) == (2, 1, 1)
    assert (made.total.equivalent, made.total.stillborn) == (1, 1)
    assert [result.mutant.number for result in made.survivors] == [3]


def test_exit_codes(mutants: Make) -> None:
    assert _report(mutants, [_K, _S]).exit_code(None) == 0
    assert _report(mutants, [_K, _S]).exit_code(50) == 0
    assert _report(mutants, [_K, _S]).exit_code(50.1) == 3
    assert _report(mutants, [_K, _K], broken=True).exit_code(None) == 3
    assert _report(mutants, [_K, _S], error=EngineError("ended")).exit_code(None) == 1


def test_a_listed_one_that_is_noticed_or_does_not_compile_is_refuted(mutants: Make) -> None:
    for verdict in (_K, _T, _D):
        made = _report(mutants, [verdict, _K], listed=(0,))
        assert [result.mutant.number for _, result in made.refuted] == [0]
        assert made.exit_code(None) == 3
        assert "equivalent.yaml:2:3" in report.as_markdown(made, None)


def test_nothing_judged_is_nothing_proven(mutants: Make) -> None:
    assert _report(mutants, [_D]).exit_code(None) == 3
    assert _report(mutants, []).exit_code(None) == 3


def test_what_is_below_a_floor_does_not_look_as_if_it_reached_it(mutants: Make) -> None:
    score = report.Score("g", killed=9_499, survived=501)
    assert report.percent(score) == "94.9 %"
    assert _report(mutants, [_K, _S]).below(95)[0].name == "all"


def test_a_partial_report_says_so(mutants: Make) -> None:
    made = _report(mutants, [_K], untried=3)
    assert not made.outcome.complete
    assert "3 not tried" in report.summary(made)
    assert "Not complete" in report.as_markdown(made, None)
    assert report.as_json(made, None)["complete"] is False


def test_a_gate_below_the_floor_fails_whatever_the_whole(mutants: Make) -> None:
    assert {score.name for score in _report(mutants, [_K, _S]).below(95)} == {"all", "t"}
