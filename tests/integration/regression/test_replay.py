"""What a live deployment logged is decided again: the same by the same, and exactly what a change changes."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner
from tests.integration.regression.livelog import Live, live

from livegate import schema
from livegate.cli import main_group
from livegate.opa.process import Local, OpaProcess
from livegate.pipeline import kept
from livegate.pipeline.build import build
from livegate.project import Project
from livegate.regression import again
from livegate.regression import replay as module
from livegate.regression import replay_report as report
from livegate.regression.archive import Archive
from livegate.regression.judge import Mark, Outcome
from livegate.regression.replay import Latency, replay

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.engine import Engine
    from livegate.regression.replay import Against
    from livegate.regression.tally import Replay

COUNT = 300


@pytest.fixture(scope="module")
def logged(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, opa_engine: Engine) -> Live:
    """A log of some hundred decisions of two revision sets."""
    return live(Project.at(pytestconfig.rootpath), opa_engine, tmp_path_factory.mktemp("live") / "project", count=COUNT)


def _replay(paths: list[Path], against: Against) -> tuple[Replay, dict[str, dict[str, Any]]]:
    rows: dict[str, dict[str, Any]] = {}

    def each(event: dict[str, Any]) -> None:
        assert event["decision_id"] not in rows
        rows[event["decision_id"]] = event

    return replay(paths, against, clock=time.monotonic, each=each), rows


def _of(rows: dict[str, dict[str, Any]], outcome: Outcome) -> set[str]:
    return {one for one, row in rows.items() if row["outcome"] == outcome}


def test_what_was_decided_is_decided_again(logged: Live) -> None:
    result, rows = _replay([logged.project.logs], logged.against())
    assert set(rows) == set(logged.answers)
    assert _of(rows, Outcome.NOT_REPLAYABLE) == logged.ids(token=True)
    assert _of(rows, Outcome.SAME) == logged.ids(token=False)
    assert (
        len({json.dumps(answer["context"]["revisions"]) for _, answer in logged.answers.values()}) == result.sets == 2
    )
    assert len(logged.ids(allow=True)) > COUNT // 10 < len(logged.ids(allow=False)), "both are well represented"
    assert {row["reason"] for row in rows.values() if "reason" in row} == {"masked proof"}
    # what the mask took the password from says that it did
    assert {row.get("mark") for one, row in rows.items() if one in logged.ids(action="read")} >= {Mark.KEPT}
    assert (result.exit_code(lenient=True), result.exit_code(lenient=False), result.partial) == (0, 3, False)


def test_a_proof_may_be_taken_as_logged_and_the_outcome_says_so(logged: Live) -> None:
    result, rows = _replay([logged.project.logs], logged.against(assume=True))
    assert _of(rows, Outcome.SAME) == set(logged.answers)
    assert {one for one, row in rows.items() if row.get("mark") == Mark.ASSUMED} == logged.ids(token=True)
    assert result.marks[f"SAME, {Mark.ASSUMED}"] == len(logged.ids(token=True))
    assert result.exit_code(lenient=False) == 0


@pytest.fixture(scope="module")
def candidate(logged: Live, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy as it would be if nothing permitted to dump a database."""
    folder = tmp_path_factory.mktemp("candidate") / "project"
    shutil.copytree(logged.project.data.parent, folder, ignore=shutil.ignore_patterns(".livegate"))
    changed = 0
    for path in (folder / "data" / "catalog").rglob("*.yaml"):
        document = yaml.safe_load(path.read_text("utf-8")) or {}
        if permits := document.get("permits", {}).get("database"):
            permits["dump"] = ["crm:exporter"]  # which none of those who ask here holds
            path.write_text(yaml.safe_dump(document), "utf-8")
            changed += 1
    assert changed == 1
    project = Project.at(folder)
    (project.dist / "policy.tar.gz").unlink()
    (built,) = build(project, ["policy"], logged.signer, now=time.time_ns())
    return built.path


def test_a_known_change_changes_exactly_what_is_expected(logged: Live, candidate: Path) -> None:
    result, rows = _replay([logged.project.logs], logged.against(candidate=(candidate,), assume=True))
    opened = logged.ids(action="dump", allow=True)
    assert opened & logged.ids(token=True)
    assert opened & logged.ids(token=False)
    assert _of(rows, Outcome.DECISION_CHANGED) == opened
    # who had a grant for it and was denied for another reason has one reason more
    had = {
        one
        for one in logged.ids(action="dump", allow=False)
        if not {"entitlement.missing", "request.unknown_action", "request.pep_not_permitted"}
        & {reason["id"] for reason in logged.answers[one][1]["context"]["reasons"]}
    }
    assert _of(rows, Outcome.REASONS_CHANGED) == had
    assert _of(rows, Outcome.SAME) == set(logged.answers) - opened - had
    titles = {group.title for group in result.groups if group.outcome is Outcome.DECISION_CHANGED}
    assert (
        titles
        == {"allow → deny; now elevation.missing, entitlement.missing", "allow → deny; now entitlement.missing"}
        & titles
    )
    assert result.exit_code(lenient=True) == 3
    assert result.candidate == ("policy",)


def test_without_the_proof_a_candidate_is_not_asked_for_it(logged: Live, candidate: Path) -> None:
    _, rows = _replay([logged.project.logs], logged.against(candidate=(candidate,)))
    assert _of(rows, Outcome.NOT_REPLAYABLE) == logged.ids(token=True)


def test_slower_is_told(logged: Live, tmp_path: Path) -> None:
    (tmp_path / "few.jsonl").write_text("\n".join(logged.lines()[:20]))
    slow = logged.against(latency=Latency(factor=0.0, floor=0))
    result, rows = _replay([tmp_path / "few.jsonl"], slow)
    assert result.counts[Outcome.LATENCY] > 10
    assert all("ms" in row["why"] for row in rows.values() if row["outcome"] == Outcome.LATENCY)
    assert result.exit_code(lenient=True) == 3
    fast = logged.against(latency=Latency(factor=1.0, floor=3_600_000_000_000))
    assert _replay([tmp_path / "few.jsonl"], fast)[0].counts[Outcome.LATENCY] == 0


def test_twice_shuffled_and_mixed_forms_count_once(logged: Live, tmp_path: Path) -> None:
    lines = logged.lines()
    random.Random(7).shuffle(lines)  # noqa: S311  # no secret
    (tmp_path / "a.jsonl").write_text("\n".join(lines[:200]))
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(f"[{','.join(lines[100:])}]".encode()))
    forged = json.loads(lines[0])
    forged["result"]["decision"] = not forged["result"]["decision"]
    (tmp_path / "c.json").write_text(json.dumps(forged))
    result, rows = _replay([tmp_path], logged.against())
    assert set(rows) == set(logged.answers)
    assert result.repeated == 100
    assert [item.what for item in result.broken] == [
        f"another event with the id of one before, {forged['decision_id']}"
    ]
    assert result.exit_code(lenient=True) == 1


def test_what_is_missing_is_named_and_found_elsewhere(logged: Live, tmp_path: Path) -> None:
    (tmp_path / "few.jsonl").write_text("\n".join(logged.lines()[-30:]))
    missing, rows = _replay([tmp_path / "few.jsonl"], logged.against(archive=Archive(None)))
    revisions = next(iter(logged.answers.values()))[1]["context"]["revisions"]
    assert missing.counts[Outcome.NOT_REPLAYABLE] == 30
    assert {row["reason"] for row in rows.values()} == {"missing revision"}
    assert all(revisions["policy"] in row["why"] for row in rows.values())
    assert missing.exit_code(lenient=True) == 0
    deep = tmp_path / "backup" / "a" / "b"
    for number, path in enumerate(kept.folder(logged.project).rglob("*.tar.gz")):
        deep.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, deep / f"{number}.tar.gz")
    found, _ = _replay([tmp_path / "few.jsonl"], logged.against(archive=Archive(None, [tmp_path / "backup"])))
    assert found.counts[Outcome.SAME] > 20
    assert not found.counts[Outcome.ERROR]
    refused, rows = _replay(
        [tmp_path / "few.jsonl"], logged.against(keys={"x": next(iter(logged.against().keys.values()))})
    )
    assert refused.counts[Outcome.NOT_REPLAYABLE] == 30
    assert {row["reason"] for row in rows.values()} == {"refused bundle"}


def test_an_opa_that_dies_leaves_what_was_decided(logged: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = again.answers
    calls = Counter[int]()

    def dying(opa: OpaProcess, events: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            assert opa.pid is not None
            os.kill(opa.pid, signal.SIGKILL)
            while opa.poll() is None:
                pass
        return asked(opa, events, **options)

    monkeypatch.setattr(module, "CHUNK", 20)
    monkeypatch.setattr(again, "answers", dying)
    result, rows = _replay([logged.project.logs], logged.against())
    assert set(rows) == set(logged.answers)
    assert result.counts[Outcome.ERROR] > 0 < result.counts[Outcome.SAME]
    assert any("SIGKILL" in row["why"] or "cannot be asked" in row["why"] for row in rows.values() if "why" in row)
    assert (result.partial, result.exit_code(lenient=True)) == (True, 1)
    assert any("PARTIAL" in remark for remark in report.remarks(result))


def test_interrupted_it_tells_what_it_knows(logged: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_set", interrupted)
    result, rows = _replay([logged.project.logs], logged.against())
    assert len(rows) == len(logged.answers) == result.counts[Outcome.ERROR]
    assert result.exit_code(lenient=True) == 130


def test_numbers_are_asked_as_they_were_written(logged: Live, tmp_path: Path) -> None:
    """1.50 is countable and 150e-2 is not: a reader that knows numbers alone could not tell them apart."""
    for line in logged.lines():
        event = json.loads(line)
        if event["result"]["decision"] and event["input"]["subject"]["type"] == "agent":
            break
    else:
        pytest.fail("no agent was allowed")
    text = line if "1.50" in line else line.replace("1.5", "1.50")
    assert "1.50" in text
    other = text.replace(event["decision_id"], "other").replace("1.50", "150e-2")
    (tmp_path / "n.jsonl").write_text(f"{text}\n{other}\n")
    _, rows = _replay([tmp_path / "n.jsonl"], logged.against())
    assert {one: row["outcome"] for one, row in rows.items()} == {
        event["decision_id"]: Outcome.SAME,
        "other": Outcome.DECISION_CHANGED,
    }


def test_the_command_tells_it_in_every_form(logged: Live, tmp_path: Path) -> None:
    lines = logged.lines()
    log = tmp_path / "day.jsonl.gz"
    log.write_bytes(gzip.compress("\n".join(lines[:60]).encode()))
    folder = str(logged.project.data.parent)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main_group, ["regress", "replay", str(log), "--project", folder, *arguments])
        return done.exit_code, done.stdout

    code, out = run("--format", "json", "--assume-proof", "--output", str(tmp_path / "out.jsonl"))
    assert code == 0, out
    found = json.loads(out)
    validator = schema.validator("livegate.regression", "replay")
    validator.validate(found)
    assert found["counts"]["SAME"] == found["events"] == 60
    events = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [event["decision_id"] for event in events] == [json.loads(line)["decision_id"] for line in lines[:60]]
    whole: Any = validator.schema
    definition = {**whole["definitions"]["event"], "definitions": whole["definitions"]}
    for event in events:
        type(validator)(definition).validate(event)
    assert (tmp_path / "out.jsonl").stat().st_mode & 0o077 == 0
    code, out = run()
    assert (code, "NOT_REPLAYABLE" in out) == (3, True)
    code, out = run("--allow-not-replayable", "--format", "markdown")
    assert (code, "| SAME |" in out) == (0, True)
    log.write_bytes(log.read_bytes()[:-50])
    code, out = run("--format", "json")
    assert (code, json.loads(out)["partial"], json.loads(out)["counts"]["SAME"] > 5) == (1, True, True)
    log.write_bytes(gzip.compress(b" " * 5_000))
    assert run()[0] == 1, "nothing in it is not the same as nothing changed"


def test_the_console_log_of_an_opa_without_a_server_is_replayed(
    logged: Live, opa_engine: Engine, tmp_path: Path
) -> None:
    class Console(Local):
        def arguments(self) -> list[str]:
            return ["--set=decision_logs.console=true", *Local.arguments(self)]

    mode = Console(
        bundles=tuple(sorted(logged.project.dist.glob("*.tar.gz"))),
        kid=logged.signer.kid,
        key=logged.project.keys / f"{logged.signer.kid}.pem",
    )
    asked = [
        request for request, _ in list(logged.answers.values())[:10] if "credential" not in request.get("context", {})
    ]
    with OpaProcess(opa_engine.path, mode, folder=tmp_path, log_level="info") as opa:
        client = opa.client()
        for request in asked:
            client.decide(request)
        client.query("x := 1")
    result, rows = _replay([tmp_path / "opa.log"], logged.against())
    assert result.counts[Outcome.SAME] == len(asked)
    assert [row["reason"] for row in rows.values() if "reason" in row] == ["other path"]


@pytest.mark.longrun
@pytest.mark.timeout(600)
def test_ten_thousand_live_decisions_replay_as_the_same(
    pytestconfig: pytest.Config, opa_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = live(Project.at(pytestconfig.rootpath), opa_engine, tmp_path / "project", count=10_000)
    assert len(many.answers) >= 10_000
    result, rows = _replay([many.project.logs], many.against(assume=True))
    assert _of(rows, Outcome.SAME) == set(many.answers)
    with capsys.disabled():
        print(f"\n{report.summary(result)}")
