"""What is saved is decided again: a suite alone by the OPA that is warm, a rule by a new one; halves wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.cli.regress import watching
from livegate.regression.report import summary
from livegate.regression.run import Runner
from livegate.regression.suite import load_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.results import Run

    from .conftest import Change

NAMES = ("request.yaml", "parents.yaml")


class Over(Exception):  # noqa: N818  # it is the end of watching, no error
    """The script of a test has ended."""


class Session:
    """Watches two suites of a copy; each step is done when the last one was decided, or found to be wrong."""

    def __init__(self, copy: Project, engine: Engine, *steps: Callable[[], object]) -> None:
        self.paths = [copy.rego.parent / "tests/policy" / name for name in NAMES]
        self.runs: list[Run] = []
        self.pids: list[int | None] = []
        left = list(steps)
        quiet = 0

        def sleep(_: float) -> None:
            nonlocal quiet
            quiet += 1
            if quiet % 2:  # the look after a step; the next one finds it settled
                if not left:
                    raise Over
                self.pids.append(runner.opa.pid if runner.opa else None)
                left.pop(0)()

        with Runner(copy, engine) as runner, pytest.raises(Over):
            watching.watch(runner, copy, self.paths, lambda: load_all(self.paths), self.runs.append, sleep=sleep)

    def counts(self) -> list[tuple[int, int]]:
        """As judged and different, of each run."""
        return [(one["passed"], one["failed"]) for one in (summary(run.suites) for run in self.runs)]


def test_a_suite_alone_is_decided_by_the_opa_that_is_warm(copy: Project, plant: Change, opa_engine: Engine) -> None:
    path = copy.rego.parent / "tests/policy/parents.yaml"
    text = path.read_text("utf-8")

    def spoil() -> None:
        path.write_text(text.replace("decision: allow", "decision: deny, reasons: [a.b]", 1), "utf-8")

    def mend() -> None:
        path.write_text(text, "utf-8")

    session = Session(copy, opa_engine, spoil, mend, lambda: None)
    whole, spoilt, mended = session.counts()
    assert whole[1] == 0
    assert spoilt == (whole[0] - 1, 1)
    assert mended == whole
    assert len(set(session.pids)) == 1


def test_a_rule_makes_everything_anew(
    copy: Project, plant: Change, opa_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy.rego / "authz" / "authz.rego"
    text = path.read_text("utf-8")
    session = Session(
        copy,
        opa_engine,
        lambda: path.write_text(text + "\nhalf := {", "utf-8"),
        lambda: plant("data/trust/peps.yaml", "{database: true}", "{database: true, payment: true}"),
        lambda: path.write_text(text + "\n", "utf-8"),
        lambda: None,
    )
    whole, changed = session.counts()
    assert whole[1] == 0
    assert changed[1] >= 1, "the document that was changed meanwhile counts"
    assert len({pid for pid in session.pids if pid}) == 2
    assert "half" in capsys.readouterr().err


def test_a_suite_saved_by_halves_shows_its_error_and_waits(
    copy: Project, opa_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy.rego.parent / "tests/policy/request.yaml"
    text = path.read_text("utf-8")
    session = Session(
        copy,
        opa_engine,
        lambda: path.write_text(text[: text.rindex("expect")], "utf-8"),
        lambda: path.write_text(text + "\n", "utf-8"),
        lambda: None,
    )
    before, after = session.counts()
    assert before == after
    assert "request.yaml:" in capsys.readouterr().err
