"""From a live log to a suite: each kind once, nothing in it that may go, no name of the log, and the same decisions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from tests.integration.regression.livelog import Live, live

from livegate.cli import main_group
from livegate.project import Project
from livegate.regression import ask, compare, shipped
from livegate.regression.capture import shrink
from livegate.regression.capture.capture import Capture, Wanted, capture
from livegate.regression.capture.proof import differing
from livegate.regression.capture.select import result
from livegate.regression.suite import load_all

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.engine import Engine


@pytest.fixture(scope="module")
def logged(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, opa_engine: Engine) -> Live:
    """A short log."""
    return live(Project.at(pytestconfig.rootpath), opa_engine, tmp_path_factory.mktemp("live") / "project", count=60)


@pytest.fixture(scope="module")
def captured(logged: Live) -> Capture:
    """What is captured of it."""
    return capture([logged.project.logs], logged.against(), Wanted(name="captured", most=4))


def _written(captured: Capture, folder: Path) -> Path:
    for path, data in captured.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def test_each_kind_is_a_case_and_the_rest_is_accounted_for(logged: Live, captured: Capture) -> None:
    assert captured.events == len(logged.answers)
    assert captured.cases == 4
    assert captured.left["masked proof"] == len(logged.ids(token=True))
    assert captured.alike + captured.cases + sum(captured.left.values()) == captured.events


def test_no_name_of_the_log_is_anywhere_in_what_is_written(logged: Live, captured: Capture) -> None:
    text = b"\n".join(captured.files.values()).decode()
    names = {one for space in captured.mapping.values() for one in space}
    assert {"alice", "orders-prod", "db-proxy", "CHG-4407", "example-iga"} & names == {
        "alice", "orders-prod", "db-proxy", "CHG-4407", "example-iga",
    }  # fmt: skip
    everything = set(re.findall(r"[\w.@/#:-]+", json.dumps([request for request, _ in logged.answers.values()])))
    people = {"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "nobody"}
    assert people <= everything
    for name in people | {
        "orders-prod",
        "orders-staging",
        "db-proxy",
        "CHG-4407",
        "example-iga",
        "hunter2",
        "g-001",
        "e-101",
    }:
        assert not re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text), name


def test_a_minimised_case_gives_its_answer_and_nothing_smaller_does(logged: Live, opa_engine: Engine) -> None:
    request, answer = next(logged.answers[one] for one in sorted(logged.ids(action="dump", allow=True, token=False)))
    instant = compare.instant(answer["context"]["evaluated_at"])
    assert instant is not None
    against = logged.against()
    with shipped.serving(shipped.bundles_in(logged.project.dist), against.keys, opa_engine) as served:

        def holds(candidates: Any) -> list[bool]:
            asked = [
                ask.Question(request=one["request"], instant=instant, documents=one["documents"]) for one in candidates
            ]
            return [
                found is not None and not isinstance(found, Exception) and result(found) == result(answer)
                for found in ask.attempt(served.opa, asked)
            ]

        start = shrink.cut(shrink.bare(served.documents), request)
        small, documents = shrink.smallest(request, start, holds)
        assert shrink.valid(documents)
        assert holds([{"request": small, "documents": documents}]) == [True]
        assert set(documents["iga"]["grants"]) == {"alice"}
        assert len(documents["pam"]["elevations"]) == 1
        tried = 0
        for path in [*_paths(small, ("request",)), *_paths(documents, ("documents",))]:
            smaller = _without({"request": small, "documents": documents}, path)
            if len(path) > 2 and shrink.valid(smaller["documents"]):
                tried += 1
                stays = path[1] == "config" or "bundle" in path
                assert stays or holds([smaller]) == [False], path
        assert tried > 5


def _paths(value: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    names = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [found for name in names for found in ((*path, name), *_paths(value[name], (*path, name)))]


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    made = json.loads(json.dumps(value))
    here = made
    for name in path[:-1]:
        here = here[name]
    del here[path[-1]]
    return made


def test_the_suite_is_decided_as_it_says_by_what_ships(logged: Live, captured: Capture, tmp_path: Path) -> None:
    suites = load_all(sorted(_written(captured, tmp_path).glob("*.yaml")))
    assert sum(len(suite.cases) for suite in suites) == captured.cases
    assert {case.expect.allow for suite in suites for case in suite.cases} == {True, False}
    assert differing(logged.project, logged.engine, captured.files) == []
    wrong = {
        path: data.replace(b"decision: allow, obligations", b"decision: deny, reasons: [a.b], obligations", 1)
        if path.endswith(".yaml")
        else data
        for path, data in captured.files.items()
    }
    wrong = {
        path: re.sub(rb"reasons: \[a.b\], obligations: \[[^]]*\]", b"reasons: [a.b]", data)
        for path, data in wrong.items()
    }
    assert wrong != captured.files
    assert len(differing(logged.project, logged.engine, wrong)) == 1


def test_the_command_writes_what_regress_run_passes(logged: Live, tmp_path: Path) -> None:
    log = tmp_path / "few.jsonl"
    log.write_text("\n".join(logged.lines()[:4]))
    folder, target = str(logged.project.data.parent), tmp_path / "suites" / "lived.yaml"

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main_group, ["regress", *arguments, "--project", folder])
        return done.exit_code, done.output

    wanted = ("capture", str(log), "--output", str(target), "--mapping", str(tmp_path / "who.json"), "--format", "json")
    code, out = run(*wanted)
    assert code == 0, out
    mapping = json.loads((tmp_path / "who.json").read_text())
    assert mapping["identity"]["alice"].startswith("human-")
    assert (tmp_path / "who.json").stat().st_mode & 0o077 == 0
    assert run("run", str(target))[0] == 0
    assert run(*wanted)[0] == 4, "what is there is not replaced unasked"
    code, out = run(*wanted[:4], "--keep-names", "--force")
    assert code == 0
    assert "alice" in (tmp_path / "suites" / "populations" / "lived.json").read_text()
    (tmp_path / "none.jsonl").write_text('{"decision_id": "x", "path": "other"}\n')
    assert run("capture", str(tmp_path / "none.jsonl"), "--output", str(tmp_path / "x"))[0] == 3
