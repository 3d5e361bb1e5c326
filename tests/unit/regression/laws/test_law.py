"""Laws are read, or refused with file, line, column and the near miss."""

from __future__ import annotations

from pathlib import Path

import pytest

from livegate.errors import SuiteError
from livegate.regression.laws.law import load_all, loads

ROOT = Path(__file__).parents[4]
GOOD = """title: Some laws
laws:
  - law: An allow has an end
    controls: [C3]
    when: input.answer.decision
    always: |
      # it has one
      input.answer.context.valid_until
  - law: Taking away a grant never opens
    controls: [C3, A-04]
    change: {remove: grant}
    never: opens
    except:
      when: data.pam.break_glass[input.request.subject.id]
      because: Break-glass is left.
    may_be_vacuous: Nobody holds anything here.
"""


def refused(old: str, new: str) -> str:
    """The message with which the good laws are refused once ``old`` is ``new``."""
    assert GOOD.count(old) >= 1
    with pytest.raises(SuiteError) as caught:
        loads(GOOD.replace(old, new, 1).encode(), file="l.yaml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_laws_are_read() -> None:
    condition, change = loads(GOOD.encode(), file="l.yaml")
    assert (condition.name, condition.line, condition.controls) == ("An allow has an end", 3, ("C3",))
    assert condition.when is not None
    assert condition.condition is not None
    assert (condition.when.line, condition.condition.line) == (5, 7)
    assert (condition.forbidden, condition.change, condition.never) == (False, None, ())
    assert str(change.change) == "remove grant"
    assert change.never == ("opens",)
    assert change.except_ is not None
    assert (change.because, change.may_be_vacuous) == ("Break-glass is left.", "Nobody holds anything here.")
    assert [body.text for body in change.bodies] == ["data.pam.break_glass[input.request.subject.id]"]


@pytest.mark.parametrize(
    ("old", "new", "where", "hint"),
    [
        ("remove: grant", "remove: grants", "l.yaml:11:22", "did you mean 'grant'?"),
        ("remove: grant", "remvoe: grant", "l.yaml:11:14", "did you mean 'remove'?"),
        ("never: opens", "never: open", "l.yaml:12:12", "did you mean 'opens'?"),
        ("never: opens", "never: [opens, closed]", "l.yaml:12:20", "did you mean 'closes'?"),
        ("    never: opens\n", "", "l.yaml:11:5", "opens, closes, changes"),
        ("    never: opens", "    always: opens", "l.yaml:12:5", "opens, closes, changes"),
        ("always: |", "allways: |", "l.yaml:6:5", "did you mean 'always'?"),
        ("    when: input.answer.decision\n", "", "l.yaml:3:5", "input.answer.decision"),
        ("    always: |", "    never: x\n    always: |", "l.yaml:6:5", "two laws"),
        ("    always: |\n      # it has one\n      input.answer.context.valid_until\n", "", "l.yaml:3:5", "or change"),
        (
            "    always: |",
            "    except: {when: x, because: that is how it is}\n    always: |",
            "l.yaml:6:5",
            "in `when`",
        ),
        ("      because: Break-glass is left.\n", "", "l.yaml:14:7", "'because' is a required property"),
        ("  - law: An allow has an end", "  - law: [1]", "l.yaml:3:10", "not of type 'string'"),
        ("title: Some laws\n", "", "l.yaml:1:1", "'title' is a required property"),
        ("[C3, A-04]", "[C3, A-04", "l.yaml:11", "expected"),
        ("when: input.answer.decision", "when: true", "l.yaml:5:11", "not of type 'string'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, where: str, hint: str) -> None:
    message = refused(old, new)
    assert where in message
    assert hint in message


def test_a_name_is_given_once(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(SuiteError, match=r"b\.yaml:3: the law 'An allow has an end' is already at .*a\.yaml:3"):
        load_all([tmp_path])


def test_modules_beside_come_along_each_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "common.rego").write_text("package laws.common\n")
    book = load_all([tmp_path, tmp_path / "a.yaml"])
    assert len(book.laws) == 2
    assert book.modules == ((str(tmp_path / "common.rego"), "package laws.common\n"),)


@pytest.mark.parametrize("make", [lambda _: None, lambda path: path.mkdir()])
def test_nothing_there_is_refused(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "laws")
    with pytest.raises(SuiteError, match=r"is not there|holds no laws"):
        load_all([tmp_path / "laws"])


def test_the_laws_of_this_repository_are_read() -> None:
    book = load_all([ROOT / "tests" / "policy" / "laws"])
    assert len(book.laws) >= 50
    assert all(law.controls for law in book.laws)
