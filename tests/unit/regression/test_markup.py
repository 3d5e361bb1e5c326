"""Names that hold markup, commands, mentions or escapes come out as text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from livegate.regression.github import as_github
from livegate.regression.markdown import LIMIT, as_markdown
from livegate.regression.markup import block, command, html, markdown
from livegate.regression.results import CaseResult, Outcome, Run

if TYPE_CHECKING:
    from livegate.regression.results import SuiteResult

JOINER = "\u2060"
NASTY = "a|b <img src=x> `c` @admins #1 https://evil.example *x* [l](u)\n::error::boo\x1b[31m\u202e 100%, :"


def test_workflow_commands_are_escaped_as_the_toolkit_does() -> None:
    assert (
        command("error", "100%\r\nend: a, b", file="a,b:c%.yaml", line="3", title="")
        == r"::error file=a%2Cb%3Ac%25.yaml,line=3::100%25\r%0Aend: a, b"
    )
    assert command("notice", "x") == "::notice::x"


def test_nothing_in_a_name_is_a_workflow_command_of_its_own(mixed: SuiteResult) -> None:
    text = as_github(Run(suites=(_named(mixed, NASTY),)))
    lines = text.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::notice"]
    assert "\x1b" not in text
    assert "file=s.yaml,line=10,title=a|b" in lines[0]
    assert "%0A%3A%3Aerror%3A%3Aboo" in lines[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("`x`", r"\`x\`"),
        ("@team/x", f"@{JOINER}team/x"),
        ("see #12", f"see #{JOINER}12"),
        ("# head", r"\# head"),
        ("http://a.b www.c.d", f"http{JOINER}://a.b www{JOINER}.c.d"),
        ("two\nlines", "two lines"),
        ("\x1b[0m\u202e", r"\\x1b\[0m\\u202e"),
    ],
)
def test_markdown_reads_as_the_text(text: str, shown: str) -> None:
    assert markdown(text) == shown


def test_in_html_a_backslash_would_be_shown() -> None:
    assert html('<x> "q" `c` @a') == f"&lt;x&gt; &quot;q&quot; `c` @{JOINER}a"


@pytest.mark.parametrize("text", ["plain", "```\nfake", "a ````` b"])
def test_nothing_ends_a_block_before_its_end(text: str) -> None:
    fence, *lines, last = block(text).splitlines()
    assert fence == last
    assert set(fence) == {"`"}
    assert all(fence not in line for line in lines)


def test_a_summary_holds_what_is_wrong_and_no_markup_of_others(mixed: SuiteResult) -> None:
    text = as_markdown(Run(suites=(_named(mixed, NASTY),), seconds=1.0))
    assert "3 cases in 1 suites: 1 as judged, 1 differ, 1 could not be decided" in text
    assert text.count("<details>") == text.count("</details>") == 2
    assert "<img" not in text
    assert "@admins" not in text
    assert "livegate regress run s.yaml:10" in text
    assert "+ identity.unknown" in text


def test_a_summary_fits_into_a_comment(mixed: SuiteResult) -> None:
    (_, failed, _) = mixed.results
    many = replace(mixed, results=(failed,) * 2_000)
    text = as_markdown(Run(suites=(many,)))
    assert len(text) <= LIMIT + 100
    shown = text.count("<details>")
    assert f"… and {2_000 - shown} more." in text


def test_an_error_that_is_a_book_is_cut(mixed: SuiteResult) -> None:
    error = CaseResult(case=mixed.results[0].case, outcome=Outcome.ERROR, error="x" * 100_000)
    run = Run(suites=(replace(mixed, results=(error,)),))
    assert len(as_markdown(run)) < 5_000
    assert len(as_github(run)) < 5_000


def _named(mixed: SuiteResult, name: str) -> SuiteResult:
    results = tuple(replace(result, case=replace(result.case, name=name)) for result in mixed.results)
    return replace(mixed, suite=replace(mixed.suite, title=name), results=results)
