"""``make bench-regress``: what decision regression costs, as ratios inside one run on the machine at hand.

Ten thousand cases are made of the reference cases, each with a mark and a clock of its own, judged as those are. The
same cases are asked by ``opa test`` (as tests in Rego, on the same policy and documents) and by one REST request each,
which is what a tool does that starts OPA and posts; there the clock cannot stand still, so only the cost is compared.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.integration.regression.livelog import live
from tests.load import organisation, population

from livegate.cli.options import engine_of
from livegate.cli.output import emit_table, say
from livegate.pipeline.sync import sync
from livegate.project import Project
from livegate.regression import ask
from livegate.regression.diff import sides
from livegate.regression.diff.corpus import Wanted, corpus
from livegate.regression.diff.run import Options, diff
from livegate.regression.diff.world import World
from livegate.regression.judge import Outcome as Same
from livegate.regression.population import issued, serving
from livegate.regression.replay import replay
from livegate.regression.results import Outcome
from livegate.regression.run import run
from livegate.regression.suite import Given, Suite, load_all
from livegate.sources.config import load_all as sources
from livegate.sources.protocol import Effects
from livegate.sources.store import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livegate.opa.engine import Engine
    from livegate.regression.suite import Case

Row = tuple[str, str, str]

CASES = 10_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench-regress", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES, help="cases of a run")
    parser.add_argument(
        "--peers", type=int, default=2_000, help="cases that `opa test` and REST are asked, then scaled"
    )
    parser.add_argument("--decisions", type=int, default=1_000_000, help="generated decisions of a diff, both sides")
    parser.add_argument("--events", type=int, default=10_000, help="decisions of a live log that is replayed")
    parser.add_argument("--only", choices=["run", "diff", "replay", "mutate"], help="one part alone")
    arguments = parser.parse_args()
    project = Project.find(Path.cwd())
    engine = engine_of(project)
    rows: list[Row] = []
    if arguments.only in {None, "run"}:
        rows += cases(project, engine, arguments.cases, arguments.peers)
    if arguments.only in {None, "diff"}:
        rows += decisions(project, engine, arguments.decisions)
    if arguments.only in {None, "replay"}:
        rows += events(project, engine, arguments.events)
    if arguments.only in {None, "mutate"}:
        rows += mutants()
    emit_table(
        f"livegate regress on OPA {engine.version}, {os.cpu_count()} processors", ("what", "measured", "goal"), rows
    )


def cases(project: Project, engine: Engine, count: int, peers: int) -> list[Row]:
    """A run of ``count`` cases, and what others take for as many, by what they take for ``peers``."""
    suite = multiplied(load_all([Path("tests/policy")]), count)
    say(f"{count:,} cases in one run")
    begun = time.perf_counter()
    done = run(project, [suite], engine)
    ours = time.perf_counter() - begun
    wrong = [result for one in done.suites for result in one.results if result.outcome is not Outcome.PASSED]
    if wrong or sum(len(one.results) for one in done.suites) != count:
        raise SystemExit(f"{len(wrong)} cases are not as judged, {wrong[0].case.name!r} first")
    with tempfile.TemporaryDirectory(prefix="livegate-bench-") as name:
        folder = Path(name)
        say(f"`opa test` of {peers:,}")
        test = tested(project, engine, suite.cases[:peers], folder / "test") * count / peers
        say(f"one REST request a case of {peers:,}")
        rest = posted(project, engine, suite.cases[:peers], count, folder / "rest")
    return [
        (f"{count:,} cases, with sync, signing, start and verified load", f"{ours:.1f} s", "≤ 5 s"),
        (f"`opa test` of the same cases / a run ({peers:,} of them, scaled)", f"{test / ours:.1f}", "≥ 5"),
        (f"one REST request a case / a run ({peers:,} of them, scaled)", f"{rest / ours:.1f}", "≥ 5"),
    ]


def multiplied(suites: Sequence[Suite], count: int) -> Suite:
    """``count`` cases like those of the plain example; none is asked twice.

    A member that nobody names changes nothing. Where nothing depends on when exactly, the clock is moved as well: by a
    nanosecond each, which the reference cases on boundaries would notice, so those keep theirs.
    """
    plain: Given = next(suite.given for suite in suites if suite.given.population == "example" and not _changed(suite))
    taken = [case for suite in suites for case in suite.cases if case.given == plain]
    start = min(case.instant for case in taken if case.expect.allow and case.instant % 60_000_000_000 == 0)
    made = []
    for number in range(count):
        case = taken[number % len(taken)]
        request = case.request
        if isinstance(request, dict) and request and case.signed is None:
            request = {**request, "mark": number}
        movable = case.instant == start and case.credential is None and case.signed is None
        movable = movable and isinstance(request, dict) and bool(request.get("context")) and not case.expect.context
        instant = case.instant + number // len(taken) if movable else case.instant
        made.append(replace(case, name=f"{case.name} {number}", request=request, instant=instant))
    return Suite(title="many", file="many.yaml", given=plain, cases=tuple(made))


def _changed(suite: Suite) -> bool:
    given = suite.given
    return bool(given.revocations or given.outage or getattr(given, "overlay", ""))


def tested(project: Project, engine: Engine, asked: Sequence[Case], folder: Path) -> float:
    """Seconds of ``opa test`` over the same policy, documents and cases."""
    made = issued(project, asked[0].given, folder / "population")
    tree = folder / "tree"
    shutil.copytree(project.rego, tree, ignore=shutil.ignore_patterns("*_test.rego", "testing"))
    (tree / "data.json").write_text(json.dumps(dict(made.documents)))
    lines = ["package cases_test", ""]
    for number, case in enumerate(asked):
        request = made.issuers.equip(case.request, case.credential, case.signed, now=case.instant)
        lines += [
            f"test_{number} if {{",
            f"\tanswer := data.authz.evaluation with input as {json.dumps(request)} with time.now_ns as {case.instant}",
            f"\tanswer.decision == {json.dumps(case.expect.allow)}",
            f"\t{{reason.id | some reason in answer.context.reasons}} == {_set(case)}",
            "}",
            "",
        ]
    (tree / "cases_test.rego").write_text("\n".join(lines))
    begun = time.perf_counter()
    done = subprocess.run([engine.path, "test", tree, "--timeout", "600s"], capture_output=True, text=True, check=False)
    spent = time.perf_counter() - begun
    if done.returncode != 0 or f"PASS: {len(asked)}/{len(asked)}" not in done.stdout:
        raise SystemExit(f"opa test: {(done.stdout + done.stderr)[-600:]}")
    return spent


def _set(case: Case) -> str:
    return (
        f"{{{', '.join(json.dumps(reason) for reason in sorted(case.expect.reasons))}}}"
        if case.expect.reasons
        else "set()"
    )


def posted(project: Project, engine: Engine, asked: Sequence[Case], count: int, folder: Path) -> float:
    """Seconds of as many requests one after the other on one connection, the start of OPA counted once."""
    folder.mkdir()
    begun = time.perf_counter()
    with serving(project, asked[0].given, engine, folder=folder) as served:
        started = time.perf_counter() - begun
        address = served.opa.url.removeprefix("http://")
        bodies = [
            json.dumps(
                {"input": served.issuers.equip(case.request, case.credential, case.signed, now=case.instant)}
            ).encode()
            for case in asked
        ]
        begun = time.perf_counter()
        with contextlib.closing(http.client.HTTPConnection(address)) as connection:
            for body in bodies:
                connection.request("POST", "/v1/data/authz/evaluation", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                if answer.status != 200 or "decision" not in json.loads(answer.read())["result"]:
                    raise SystemExit(f"OPA answered {answer.status}")
        return started + (time.perf_counter() - begun) * count / len(asked)


def decisions(project: Project, engine: Engine, wanted: int) -> list[Row]:
    """A diff of an organisation of ten thousand with a policy that tolerates more, against bare queries of the same."""
    with tempfile.TemporaryDirectory(prefix="livegate-bench-") as name:
        folder = Path(name)
        say("an organisation of 10,000")
        base, _, _ = organisation.make(project, folder / "base", 10_000 * population.GRANTS_A_SUBJECT)
        synced(base)
        (base.data / "trust" / "minted.json").unlink()  # each side mints its own
        shutil.copytree(folder / "base", folder / "head", ignore=shutil.ignore_patterns(".livegate"))
        config = folder / "head" / "data" / "config" / "config.yaml"
        config.write_text(config.read_text().replace("leeway: 30000000000 ", "leeway: 31000000000 "))
        places = [sides.recognise(str(folder / side), project) for side in ("base", "head")]
        size = Wanted(limit=max(1, wanted // 2))
        options = Options(population="synced", cases=(), wanted=size, public_keys=project.keys)
        say(f"a diff of up to {wanted:,} decisions")
        begun = time.perf_counter()
        found = diff(places[0], places[1], project, engine, options, now=time.time_ns(), progress=say)
        spent = time.perf_counter() - begun
        asked = 2 * found.generated
        say("bare queries of the same questions")
        bare = queried(places[0], engine, size, project.keys, folder / "bare")
    return [
        (f"decisions a second of a diff, both sides ({asked:,} in {spent:.0f} s)", f"{asked / spent:,.0f}", ""),
        ("cost of a decision of a diff / of a bare query of the same", f"{spent / asked / bare:.2f}", "≤ 1.20"),
    ]


def synced(project: Project) -> None:
    """Read the sources of a project, as `livegate sync` does."""
    configs = sources(project.sources)
    effects = Effects(now=time.time_ns, sleep=time.sleep, base=project.data)
    result = sync(project, configs, configs, SnapshotStore(project.snapshots), effects)
    if result.failures:
        raise SystemExit(str(result.failures))


def queried(
    place: sides.Place, engine: Engine, wanted: Wanted, public_keys: Path, folder: Path, count: int = 20_000
) -> float:
    """Seconds a decision of queries that ask for decisions and nothing else, on all processors: a diff's questions."""
    folder.mkdir()
    with sides.opened(place, Given(population="synced"), engine, public_keys=public_keys, scratch=folder) as side:
        world = World.of(side.documents)
        made = corpus((world, world), side.issued, wanted, known={}, everywhere=True)
        rows = [row for row in made.rows if made.forms[row[2]][0].credential is None and not made.moments[row[3]].moved]
        questions = [
            ask.Question(request=made.request(row), instant=made.moments[row[3]].instant)
            for row in rows[:: max(1, len(rows) // count)]
        ]
        ask.all_answers(side.opa, questions[:1_000])
        begun = time.perf_counter()
        ask.all_answers(side.opa, questions)
        return (time.perf_counter() - begun) / len(questions)


def events(project: Project, engine: Engine, count: int) -> list[Row]:
    """A log of a live deployment decided again by the bundles of then."""
    with tempfile.TemporaryDirectory(prefix="livegate-bench-") as name:
        say(f"a live log of {count:,} decisions")
        logged = live(project, engine, Path(name) / "project", count=count)
        say("replayed")
        begun = time.perf_counter()
        found = replay([logged.project.logs], logged.against(assume=True), clock=time.monotonic)
        spent = time.perf_counter() - begun
    if found.counts[Same.SAME] != len(logged.answers):
        raise SystemExit(f"not all of {len(logged.answers)} are the same: {dict(found.counts)}")
    return [
        (f"{len(logged.answers):,} live decisions replayed, all the same", f"{spent:.1f} s", ""),
        ("  a second, reading, bundles and OPA included", f"{len(logged.answers) / spent:,.0f}", ""),
    ]


def mutants() -> list[Row]:
    """Mutation of all gates, as the command does it, in a process of its own."""
    say("mutants of all gates")
    with tempfile.TemporaryDirectory(prefix="livegate-bench-") as name:
        report = Path(name) / "mutants.json"
        command = [sys.executable, "-m", "livegate", "regress", "mutate", "--only", "rego/authz/gates"]
        begun = time.perf_counter()
        done = subprocess.run(
            [*command, "--format", "json", "--output", str(report)], stdout=subprocess.DEVNULL, check=False
        )
        spent = time.perf_counter() - begun
        if done.returncode not in {0, 3}:
            raise SystemExit(f"livegate regress mutate ended with {done.returncode}")
        found: dict[str, Any] = json.loads(report.read_text())
    total = found["total"]
    return [
        (f"{found['mutants']['chosen']:,} mutants of all gates", f"{spent:.0f} s", "≤ 180 s"),
        (f"  noticed, {total['equivalent']} equivalent ones left out", f"{total['score']:.1f} %", "≥ 95 %"),
    ]


if __name__ == "__main__":
    main()
