"""Workflows, the action and the hooks: what they run exists, and nothing in them runs what a stranger wrote."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from livegate.cli import main_group

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
_COMMAND = re.compile(r"(?:^|[\s(\"])livegate\"? ((?:[^\n;|>)]|\"\$\([^)]*\)\")*)")


def _load(path: Path) -> dict[str, Any]:
    value = yaml.safe_load(path.read_text())
    assert isinstance(value, dict)
    return value


def _jobs(path: Path) -> dict[str, Any]:
    jobs: dict[str, Any] = _load(path)["jobs"]
    return jobs


def _steps(path: Path) -> Iterator[dict[str, Any]]:
    if path.name == "action.yml":
        yield from _load(path)["runs"]["steps"]
        return
    for job in _jobs(path).values():
        yield from job.get("steps", ())


def _runs() -> list[tuple[str, str]]:
    return [
        (f"{path.relative_to(ROOT)}: {step['run'].splitlines()[0][:60]}", step["run"])
        for path in (*WORKFLOWS, *ACTIONS)
        for step in _steps(path)
        if "run" in step
    ]


def _commands() -> list[str]:
    listed = [command for _, run in _runs() for command in _COMMAND.findall(run)]
    hooks = [hook["entry"].removeprefix("livegate ") for hook in yaml.safe_load((ROOT / HOOKS).read_text())]
    return sorted({" ".join(command.split()) for command in listed if not command.startswith('"${words')} | set(hooks))


HOOKS = ".pre-commit-hooks.yaml"


@pytest.mark.parametrize("text", _commands())
def test_what_is_run_is_a_command_with_these_options(text: str) -> None:
    words = shlex.split(text)
    command: click.Command = main_group
    while isinstance(command, click.Group):
        word = words.pop(0)
        named = command.get_command(click.Context(command), word)
        assert named is not None, f"no command {word}"
        command = named
    options = {name: option for option in command.params if isinstance(option, click.Option) for name in option.opts}
    arguments = 0
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            arguments += 1
            continue
        assert word in options, f"{command.name} has no {word}"
        if not options[word].is_flag:
            value = words.pop(0)
            kind = options[word].type
            if isinstance(kind, click.Choice) and "$" not in value:
                assert value in kind.choices
    taken = [one for one in command.params if isinstance(one, click.Argument)]
    assert arguments >= sum(one.required for one in taken)
    assert arguments <= len(taken) or any(one.nargs == -1 for one in taken)


def test_there_are_commands_to_check() -> None:
    found = " | ".join(_commands())
    for each in (
        "regress run",
        "regress diff",
        "regress mutate",
        "bundle publish",
        "bundle rollback",
        "status",
        "keys new",
    ):
        assert each in found


@pytest.mark.parametrize(("where", "run"), _runs())
def test_scripts_are_bash_without_anything_put_into_them(where: str, run: str) -> None:
    assert "${{" not in run, where
    done = subprocess.run(["bash", "-n"], input=run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_what_it_says(path: Path) -> None:
    text, value = path.read_text(), _load(path)
    assert value["permissions"] == {}
    assert "pull_request_target" not in text
    assert "workflow_run" not in text
    assert "secrets: inherit" not in text
    for name, job in _jobs(path).items():
        granted = job["permissions"]
        assert set(granted.values()) <= {"read", "write"}
        writes = {what for what, level in granted.items() if level == "write"}
        assert writes <= {"pull-requests"}
        if "steps" in job:
            assert job["timeout-minutes"] <= 45
            # whoever may write runs nothing that a pull request brings
            if writes:
                assert name == "comment"
                assert not any("checkout" in step.get("uses", "") for step in job["steps"])


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_actions_are_pinned_and_leave_no_token_behind(path: Path) -> None:
    for step in _steps(path):
        uses = step.get("uses", "")
        if uses and not uses.startswith("./"):
            assert _PINNED.fullmatch(uses), uses
            assert re.search(re.escape(uses) + r" # v\d+\.\d+\.\d+$", path.read_text(), re.MULTILINE), uses
        if "checkout@" in uses:
            assert step["with"]["persist-credentials"] is False


def test_secrets_reach_the_one_job_that_publishes() -> None:
    for path in WORKFLOWS:
        for name, job in _jobs(path).items():
            if "secrets." in str(job):
                assert name == "publish"
                assert "secrets." not in str(job.get("env")), "a step's own environment, not the job's"
    (job,) = (_jobs(path)["publish"] for path in WORKFLOWS if "publish" in _jobs(path))
    assert job["environment"]
    assert "default_branch" in job["if"]
    assert "github.event_name == 'push'" in job["if"]
    assert {"cases", "bundles", "mutants"} <= set(job["needs"])
    assert job["concurrency"]["cancel-in-progress"] is False
    *_, back, last = job["steps"]
    assert last == {"if": "always()", "run": 'rm -rf "$RUNNER_TEMP/signing"'}
    assert "failure()" in back["if"]
    assert "rollback" in back["run"]


def test_it_can_be_called_and_what_it_asks_for_is_used() -> None:
    (path,) = (path for path in WORKFLOWS if path.name == "decisions.yml")
    value: dict[Any, Any] = _load(path)
    called = value[True]["workflow_call"]  # YAML 1.1 reads `on` as true
    text = path.read_text()
    for name in called["inputs"]:
        assert f"inputs.{name}" in text, name
    for name in called["secrets"]:
        assert f"secrets.{name}" in text, name
    used = set(re.findall(r"inputs\.([a-z-]+)", text)) | set(re.findall(r"secrets\.([a-z-]+)", text))
    assert used <= called["inputs"].keys() | called["secrets"].keys()


def test_what_the_action_reads_is_there() -> None:
    for name in ("requirements.lock", "pyproject.toml", "tooling/engine/opa/go.sum", "tooling/engine/regal/go.sum"):
        assert (ROOT / name).is_file()
    (path,) = ACTIONS
    assert (path.parent / "../../..").resolve() == ROOT


def test_words_of_the_action_are_words_and_nothing_else(tmp_path: Path) -> None:
    (path,) = ACTIONS
    (run,) = (step["run"] for step in _steps(path) if "ARGUMENTS" in step.get("env", {}))
    tool = tmp_path / "livegate"
    tool.write_text('#!/bin/bash\nprintf "%s\\n" "$@" > "$OUT"; exit 3\n')
    tool.chmod(0o755)
    given = "regress  run $(touch hacked) `id` *;x 'a b'"
    done = subprocess.run(
        ["bash", "-e", "-c", run],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "ARGUMENTS": given, "OUT": str(tmp_path / "out")},
        check=False,
    )
    assert done.returncode == 3
    assert (tmp_path / "out").read_text().splitlines() == given.split()
    assert not (tmp_path / "hacked").exists()


_GH = """#!/usr/bin/env python3
import json, os, pathlib, sys
words = sys.argv[1:]
log = pathlib.Path(os.environ["LOG"])
with log.open("a") as stream:
    stream.write(json.dumps(words) + "\\n")
if "--jq" in words:
    print(os.environ["FOUND"], end="")
else:
    assert pathlib.Path("comment.md").is_file()
"""


@pytest.mark.parametrize(
    ("found", "method", "place"), [("", "POST", "issues/7/comments"), ("41\n42\n", "PATCH", "comments/41")]
)
def test_the_comment_is_written_once_and_then_changed(tmp_path: Path, found: str, method: str, place: str) -> None:
    (path,) = (path for path in WORKFLOWS if path.name == "decisions.yml")
    step = _jobs(path)["comment"]["steps"][-1]
    (tmp_path / "gh").write_text(_GH)
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "changes.md").write_text("`$(touch hacked)` é" * 9_000)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "LOG": str(tmp_path / "log"),
        "FOUND": found,
        "PULL": "repos/o/r/issues/7/comments",
        "COMMENTS": "repos/o/r/issues/comments",
    }
    assert environment.keys() - {"PATH", "LOG", "FOUND"} == step["env"].keys() - {"GH_TOKEN"}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]], cwd=tmp_path, env=environment, check=False
    )
    assert done.returncode == 0
    asked = [yaml.safe_load(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert len(asked) == 2
    assert asked[1][asked[1].index("--method") + 1] == method
    assert any(word.endswith(place) for word in asked[1])
    body = (tmp_path / "comment.md").read_bytes()
    assert body.startswith(b"<!-- livegate: changed decisions -->\n")
    assert len(body.decode(errors="ignore")) <= 65_536  # what GitHub takes
    assert not (tmp_path / "hacked").exists()


def test_hooks_are_complete_and_look_at_what_they_are_for() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / HOOKS).read_text())}
    assert set(hooks) == {"livegate-rego-fmt", "livegate-policy-check", "livegate-suites", "livegate-regress"}
    for hook in hooks.values():
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
    looks = {
        "livegate-rego-fmt": "rego/authz/authz.rego",
        "livegate-policy-check": "data/controls/own.yaml",
        "livegate-suites": "tests/policy/elevation.yaml",
        "livegate-regress": "bundles/iga.yaml",
    }
    for name, path in looks.items():
        assert (ROOT / path).is_file()
        assert re.search(hooks[name]["files"], path)
        assert not re.search(hooks[name]["files"], "README.md")
