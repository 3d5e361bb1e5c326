"""What is printed cannot steer a terminal, and is no markup."""

from __future__ import annotations

import pytest

from livegate.cli import output


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 猫", "plain ünïcode 猫"),
        ("two\nlines", "two\nlines"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\rb\x9bc", "a\\rb\\x9bc"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert output.plain(text) == shown


def test_a_table_takes_nothing_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_table("[red]title", ("a",), [("[bold]x[/bold] [/nonsense] \x1b[31m",)])
    shown = capsys.readouterr().out
    assert "[bold]x[/bold] [/nonsense] \\x1b[31m" in shown
    assert "[red]title" in shown
