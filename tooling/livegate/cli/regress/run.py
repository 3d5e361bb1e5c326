"""``livegate regress run``: hand-judged cases against what ships, or against an OPA that runs."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livegate.cli import options, output
from livegate.cli.regress import reports, shown, watching
from livegate.cli.stopping import stopping
from livegate.errors import ConfigError, EngineError
from livegate.opa.annotations import verdicts
from livegate.policy.rules import rules
from livegate.regression import live, report
from livegate.regression.results import Outcome, Run
from livegate.regression.run import Runner
from livegate.regression.suite import chosen, load_all
from livegate.secrets import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from livegate.cli.stopping import Stop
    from livegate.opa.client import OpaClient
    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.cases import Suite

_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which suites and cases."""

    paths: tuple[Path, ...]
    named: bool
    text: str | None
    tags: tuple[str, ...]

    def load(self) -> tuple[Suite, ...]:
        """The suites as they are now."""
        suites = load_all(self.paths)
        return chosen(suites, self.text or "", tags=self.tags) if self.text is not None or self.tags else suites


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
@click.option(
    "--format",
    "form",
    type=click.Choice(reports.FORMS),
    default="table",
    show_default=True,
    help="For people, for machines, for CI servers, as annotations in a pull request, as its summary.",
)
@click.option(
    "--output",
    "files",
    multiple=True,
    type=_FILE,
    help="Write a report to this file, in the form that its ending says (.json, .xml: JUnit, .md: Markdown), else in "
    "that of --format. Repeatable.",
)
@click.option("--filter", "text", metavar="TEXT", help="Only cases that have TEXT in their file, suite or name.")
@click.option("--tag", "tags", multiple=True, help="Only cases that have one of these tags. Repeatable.")
@click.option("--list", "listing", is_flag=True, help="Decide nothing: name the cases (--format json: as JSON).")
@click.option("--fail-fast", is_flag=True, help="Ask no more once a case is not as judged.")
@click.option("--watch", is_flag=True, help="Decide again whenever a suite, a rule or a document is saved.")
@click.option(
    "--url", help="Ask the OPA that runs there, by its decision API alone; only suites of `population: live`."
)
@click.option("--token", envvar="LIVEGATE_CALLER_TOKEN", help="With --url, the caller's token: env:NAME or file:/path.")
@click.option("--ca", type=_FILE, help="With --url, the authorities that OPA's certificate leads to (PEM).")
@click.option("--cert", type=_FILE, help="With --url, the caller's certificate (PEM).")
@click.option("--key", type=_FILE, help="With --url, its private key (PEM).")
@click.option(
    "--expect-revision",
    "revisions",
    multiple=True,
    metavar="BUNDLE=REVISION",
    help="With --url: each answer must be by this revision of the bundle. Repeatable.",
)
@options.project_option
@click.pass_context
def run(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    form: str,
    files: tuple[Path, ...],
    text: str | None,
    tags: tuple[str, ...],
    listing: bool,
    fail_fast: bool,
    watch: bool,
    url: str | None,
    token: str | None,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    revisions: tuple[str, ...],
    project_folder: Path | None,
) -> None:
    """Decide the cases of each PATH: a suite, a folder of suites, or FILE:LINE (the project's tests/policy if none).

    The population is synced, its bundles signed, and an OPA that verified them decides each case with its clock
    standing at the case's instant. With --url an OPA that runs is asked instead.

    Exit codes: 0 all as judged · 3 a decision differs · 1 a case could not be decided · 2 a suite is malformed, or
    there is no case · 130 interrupted.
    """
    targets = reports.targets(files, form)
    if url is None and (revisions or ca or cert or key):
        raise ConfigError("are for a running OPA", where="--expect-revision, --ca, --cert and --key", todo="add --url")
    if url is not None and (watch or fail_fast):
        raise ConfigError("does not go with --watch or --fail-fast", where="--url")
    project = options.project_of(project_folder)
    wanted = _Wanted(paths=paths or (_cases(project),), named=bool(paths), text=text, tags=tags)
    suites = wanted.load()
    if listing:
        if files or form not in {"table", "json"}:
            raise ConfigError("names cases on stdout, as text or with --format json", where="--list")
        _list(suites, form)
        return
    say = output.say if sys.stderr.isatty() else lambda _: None
    with stopping() as stop:
        if url is not None:
            opa = live.client(
                url, token=resolve(token, where="--token") if token else None, ca=ca, certificate=cert, key=key
            )
            result = _live(opa, suites, wanted, _revisions(revisions), stop, say)
            reports.write(result, {}, form, targets)
            ctx.exit(report.exit_code(result.suites))
        engine = options.engine_of(project)
        with Runner(project, engine, progress=say, check=stop.check, sleep=stop.sleep) as runner:

            def show(result: Run) -> None:
                reports.write(result, _rules(engine, project, result), form, targets, watching=watch)

            if watch:
                watching.watch(runner, project, wanted.paths, lambda: _ours(wanted.load()), show, sleep=stop.sleep)
            result = _frozen(runner, suites, fail_fast=fail_fast)
        show(result)
        ctx.exit(report.exit_code(result.suites))


def _frozen(runner: Runner, suites: Sequence[Suite], *, fail_fast: bool) -> Run:
    """The results of the suites that OPA decides here; those for a running one are skipped, and said to be."""
    if not (ours := _ours(suites)):
        raise ConfigError("every case is for a running OPA", where="population: live", todo="name it with --url")
    done = runner.run(ours, fail_fast=fail_fast)
    results = iter(done.suites)
    everything = tuple(live.skipped(suite) if suite.given.live else next(results) for suite in suites)
    return Run(suites=everything, asked=done.asked, seconds=done.seconds)


def _ours(suites: Sequence[Suite]) -> list[Suite]:
    return [suite for suite in suites if not suite.given.live]


def _live(
    opa: OpaClient,
    suites: Sequence[Suite],
    wanted: _Wanted,
    revisions: Mapping[str, str],
    stop: Stop,
    say: Callable[[str], None],
) -> Run:
    begun = time.monotonic()
    if (
        not wanted.named
    ):  # of the project's own suites only these are meant; one that was named is not left out silently
        suites = [suite for suite in suites if suite.given.live]
        if not suites:
            raise ConfigError(
                "no suite has `population: live`", where=str(wanted.paths[0]), todo="write one, or leave --url out"
            )
    with opa.session:
        results = live.ask(opa, suites, revisions=revisions, check=stop.check, progress=say)
    return Run(suites=results, seconds=time.monotonic() - begun)


def _list(suites: Sequence[Suite], form: str) -> None:
    if form == "json":
        output.emit_json(report.listed(suites))
    else:
        shown.names(suites)


def _revisions(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for item in given:
        name, equals, revision = item.partition("=")
        if not (name and equals and revision):
            raise ConfigError("is no BUNDLE=REVISION", where=f"--expect-revision {item}")
        found[name] = revision
    return found


def _rules(engine: Engine, project: Project, result: Run) -> dict[str, str]:
    """Reason id → place of its rule, gate → place of its verdict; asked for only when there is something to explain."""
    if not any(suite.count(Outcome.FAILED) for suite in result.suites):
        return {}
    try:
        places = {id_: rule.where for id_, rule in rules(engine.path, project.rego).items()}
        return places | verdicts(engine.path, project.rego)
    except (EngineError, ConfigError):  # the results stand without it
        return {}


def _cases(project: Project) -> Path:
    """The project's own suites, named from the working folder."""
    return Path(os.path.relpath(project.rego.parent / "tests" / "policy"))
