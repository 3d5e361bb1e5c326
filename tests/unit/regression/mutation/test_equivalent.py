"""The list of equivalents: what it names must be there, and it is told where and how it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.errors import SuiteError
from livegate.regression.mutation import equivalent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.regression.mutation.mutants import Mutant

    Make = Callable[[str], tuple[Mutant, ...]]

TEXT = "p if {\n\tinput.a < 1\n}\n\nq if {\n\tinput.a < 1\n}"
ENTRY = {
    "file": "rego/authz/t.rego",
    "line": "input.a < 1",
    "rule": "p",
    "mutation": "comparison: < becomes <=",
    "reason": "there is no whole number between the two, for one",
}


def _list(tmp_path: Path, **changed: str | None) -> Path:
    entry = {name: value for name, value in (ENTRY | changed).items() if value is not None}
    path = tmp_path / "equivalent.yaml"
    reason = entry.pop("reason")
    lines = [f"        {name}: {value!r}" for name, value in entry.items()]
    text = f"equivalents:\n  - reason: {reason}\n    mutants:\n      -\n" + "\n".join(lines) + "\n"
    path.write_text(text, "utf-8")
    return path


def test_an_entry_names_one_mutant(tmp_path: Path, mutants: Make) -> None:
    made = mutants(TEXT)
    (number,) = equivalent.matched(equivalent.load(_list(tmp_path)), made)
    assert (made[number].edit.rule, made[number].name) == ("p", "comparison: < becomes <=")


def test_without_its_rule_it_names_all_with_that_line(tmp_path: Path, mutants: Make) -> None:
    assert len(equivalent.matched(equivalent.load(_list(tmp_path, rule=None)), mutants(TEXT))) == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"line": "input.a < 2"}, "the policy has changed"),
        ({"mutation": "comparison: < becomes =<"}, "did you mean 'comparison: < becomes <='"),
        ({"file": "rego/authz/u.rego"}, "did you mean 'rego/authz/t.rego'"),
        ({"rule": "r"}, "no mutant"),
    ],
)
def test_what_is_no_mutant_any_more_is_refused(
    tmp_path: Path, mutants: Make, changed: dict[str, str], said: str
) -> None:
    with pytest.raises(SuiteError, match="no mutant") as caught:
        equivalent.matched(equivalent.load(_list(tmp_path, **changed)), mutants(TEXT))
    assert said in str(caught.value)
    assert "equivalent.yaml:5:" in str(caught.value)


def test_a_mutant_is_listed_once(tmp_path: Path, mutants: Make) -> None:
    path = _list(tmp_path)
    text = path.read_text("utf-8")
    path.write_text(text + text.removeprefix("equivalents:\n"), "utf-8")
    with pytest.raises(SuiteError, match="listed at"):
        equivalent.matched(equivalent.load(path), mutants(TEXT))


@pytest.mark.parametrize(
    "changed", [{"reason": "because"}, {"file": "/etc/passwd"}, {"mutation": "none"}, {"line": None}]
)
def test_what_is_of_another_form_is_refused(tmp_path: Path, changed: dict[str, str | None]) -> None:
    with pytest.raises(SuiteError, match=r"equivalent\.yaml:"):
        equivalent.load(_list(tmp_path, **changed))


def test_no_file_is_an_empty_list(tmp_path: Path) -> None:
    assert equivalent.load(tmp_path / "none.yaml") == ()
