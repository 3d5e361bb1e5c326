"""A change of every kind that there is, planted: `mutate`, `replay` and `diff` find it, each in its own way.

Which change of a kind is planted is found out by a plain OPA: the first one by which some request of a live log is
answered otherwise. So what `replay` has to find is known before it is asked, event by event.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.regression.livelog import Live, live

from livegate.documents import ROOTS
from livegate.documents import tree as documents
from livegate.pipeline import example
from livegate.pipeline.build import build
from livegate.pipeline.issue import BUNDLE_ROOT
from livegate.project import Project
from livegate.regression import ask, compare
from livegate.regression.diff import sides
from livegate.regression.diff.run import Options, diff
from livegate.regression.judge import Outcome
from livegate.regression.logs.event import Event, event_of
from livegate.regression.logs.read import Record
from livegate.regression.mutation import plan, tree
from livegate.regression.mutation.bench import Bench, QueryError, TimeOutError
from livegate.regression.mutation.cases import Prepared, prepare
from livegate.regression.mutation.operators import KINDS
from livegate.regression.mutation.run import Verdict, run
from livegate.regression.replay import replay
from livegate.regression.suite import load_all

if TYPE_CHECKING:
    from livegate.opa.engine import Engine
    from livegate.regression.mutation.mutants import Mutant
    from livegate.regression.mutation.tree import Module

ROOT = Path(__file__).parents[3]
SHORT = {"comparison"}
CHANGED = {Outcome.DECISION_CHANGED, Outcome.REASONS_CHANGED}


@dataclass(frozen=True)
class Stage:
    """A live log, the policy as modules, its documents, what was asked since they were issued, and cases."""

    live: Live
    modules: tuple[Module, ...]
    documents: dict[str, Any]
    events: tuple[Event, ...]
    prepared: Prepared

    def planted(self, engine: Engine, kind: str, folder: Path) -> tuple[Mutant, set[str]]:
        """The first mutant of a kind that changes answers of the log, and the decisions that it changes."""
        asked = [ask.Question(request=event.request, instant=event.instant) for event in self.events]
        with Bench(engine.path, self.modules, self.documents, folder=folder) as bench:
            before = [_judged(answer) for answer in bench.answers(asked)]
            for mutant in plan.only(plan.mutants(self.modules), ["rego/authz"]):
                if mutant.edit.kind != kind:
                    continue
                bench.take(mutant.module, [])
                try:
                    if bench.choose(mutant) is not None:
                        continue  # it does not compile
                    after = [_judged(answer) for answer in bench.answers(asked)]
                except (QueryError, TimeOutError):
                    continue
                pairs = zip(self.events, before, after, strict=True)
                changed = {event.id for event, one, other in pairs if one != other}
                if changed and None not in after:
                    return mutant, changed
        raise AssertionError(f"no mutant of the kind {kind} changes an answer of the log")


def _judged(answer: Any) -> Any:
    if compare.malformed(answer):
        return None
    return answer["decision"], sorted(reason["id"] for reason in answer["context"]["reasons"])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, opa_engine: Engine) -> Stage:
    """A log of some hundred decisions, and the cases of the plain example organisation."""
    folder = tmp_path_factory.mktemp("live")
    logged = live(Project.at(ROOT), opa_engine, folder / "project", count=200)
    project = logged.project
    found = {root: documents.load(project.data, root) for root in ROOTS}
    current = {name: found[root]["bundle"]["revision"] for name, root in BUNDLE_ROOT.items()}
    events = [event_of(Record(where=str(number), value=json.loads(line))) for number, line in enumerate(logged.lines())]
    kept = [event for event in events if isinstance(event, Event) and not event.masked and event.revisions == current]
    modules = tree.modules(opa_engine.path, project.rego, tree.files(project.rego))
    suites = load_all([ROOT / "tests" / "policy"])
    ((plain, _),) = Counter(case.given for suite in suites for case in suite.cases).most_common(1)
    narrowed = [  # an organisation of its own for each of hundreds would take longer than all else here
        suite
        if suite.file.endswith("/revocation.yaml")
        else replace(suite, cases=tuple(case for case in suite.cases if case.given == plain))
        for suite in suites
    ]
    return Stage(logged, modules, found, tuple(kept), prepare(Project.at(ROOT), narrowed, folder / "cases"))


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in SHORT else pytest.mark.longrun) for kind in KINDS]
)
def test_it_is_found(stage: Stage, kind: str, copy: Project, opa_engine: Engine, tmp_path: Path) -> None:
    mutant, changed = stage.planted(opa_engine, kind, tmp_path / "bench")

    outcome = run(opa_engine.path, stage.modules, [mutant], stage.prepared, folder=tmp_path / "mutate", jobs=1)
    assert [result.verdict for result in outcome.results] == [Verdict.KILLED], mutant.where

    candidate = Project.at(tmp_path / "candidate")
    shutil.copytree(stage.live.project.data.parent, tmp_path / "candidate", ignore=shutil.ignore_patterns(".livegate"))
    (candidate.rego / mutant.file).write_text(mutant.source(), "utf-8")
    (candidate.dist / "policy.tar.gz").unlink()
    (built,) = build(candidate, ["policy"], stage.live.signer, now=time.time_ns())
    rows: list[dict[str, Any]] = []
    against = stage.live.against(candidate=(built.path,))
    replay([stage.live.project.logs], against, clock=time.monotonic, each=rows.append)
    known = {event.id for event in stage.events}
    told = {row["decision_id"] for row in rows if row["outcome"] in CHANGED}
    assert told & known == changed, mutant.where

    (copy.rego / mutant.file).write_text(mutant.source(), "utf-8")
    base, head = (sides.recognise(str(folder), copy) for folder in (ROOT, copy.rego.parent))
    # what the example has nothing of, such as revocations, is in cases
    wanted = Options(public_keys=copy.keys, cases=(ROOT / "tests/policy/revocation.yaml",))
    found = diff(base, head, copy, opa_engine, wanted, now=example.INSTANT)
    assert found.differs == ("policy",)
    assert found.changes or found.gathered.quiet, mutant.where
