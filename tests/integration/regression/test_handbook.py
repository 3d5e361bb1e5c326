"""What the page of decision regression shows is what works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livegate.regression.diff import declared
from livegate.regression.run import run
from livegate.regression.suite import loads

from .conftest import ROOT

if TYPE_CHECKING:
    from livegate.opa.engine import Engine
    from livegate.project import Project

PAGE = ROOT / "tests/policy/README.md"


def shown(begins: str) -> bytes:
    """The YAML of the page that begins so."""
    (text,) = (
        block
        for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        if block.startswith(begins)
    )
    return str(text).encode()


def test_the_suite_is_as_judged(project: Project, opa_engine: Engine) -> None:
    (done,) = run(project, [loads(shown("# yaml-language-server"), file="tests/policy/README.md")], opa_engine).suites
    assert [(result.case.name, result.outcome) for result in done.results if result.differences or result.error] == []
    assert len(done.results) == 5


def test_the_declaration_can_be_read() -> None:
    (one,) = declared.loads(shown("changes:").decode(), file="README.md")
    assert one.reviewed_by == "carol"


def test_every_file_that_it_names_is_there() -> None:
    text = PAGE.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:tooling|tests|\.github)/[\w./-]+)`", text)
    assert links
    assert not [link for link in links if not (PAGE.parent / link).exists()]
    assert not [name for name in named if name != declared.DEFAULT and not (ROOT / name).exists()]
