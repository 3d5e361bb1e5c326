"""Declared changes cover what they say and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from livegate.errors import ConfigError
from livegate.regression.diff.changes import What
from livegate.regression.diff.declared import declare, load, loads

from .conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.regression.diff.changes import Change

ENTRY = """changes:
  - gains: {{subjects: {subjects}, actions: [order/pay], resources: ["order:*"]}}
    reason: new till
    reviewed_by: ann{more}
"""


def _entry(subjects: str = "[ben]", more: str = "") -> str:
    return ENTRY.format(subjects=subjects, more=f"\n    {more}" if more else "")


def test_it_covers_what_it_says(change: Callable[..., Change]) -> None:
    one = change()
    assert declare([one], loads(_entry(), file="d.yaml"), now=NOW) == []
    assert one.declared == "new till (d.yaml:2:5, ann)"


@pytest.mark.parametrize(
    "made",
    [
        {"subject": "bent"},
        {"action": "order/pay2"},
        {"resource": "orders:one"},
        {"what": What.CLOSED},
        {"apart": True},
    ],
)
def test_it_covers_nothing_else(change: Callable[..., Change], made: dict[str, object]) -> None:
    one = change(**made)
    (stale,) = declare([one], loads(_entry(), file="d.yaml"), now=NOW)
    assert one.declared is None
    assert stale.where == "d.yaml:2:5"


def test_limits_need_to_be_named(change: Callable[..., Change]) -> None:
    one = change(apart=True)
    declare([one], loads(_entry(more="limits: true"), file="d.yaml"), now=NOW)
    assert one.declared


@pytest.mark.parametrize(("now", "counts"), [(NOW - 1, True), (NOW, False), (NOW + 1, False)])
def test_past_its_end_it_does_not_count(change: Callable[..., Change], now: int, counts: bool) -> None:
    one = change()
    declare([one], loads(_entry(more="until: 2027-01-15T08:00:00Z"), file="d.yaml"), now=now)
    assert (one.declared is not None) is counts


@pytest.mark.parametrize(
    ("pattern", "subject", "covers"),
    [
        ('["b*"]', "ben", True),
        ('["b?n"]', "ben", True),
        ('["[b]en"]', "ben", False),
        ('["[b]en"]', "[b]en", True),
        ('["*"]', "any\nbody", True),
        ('["b.n"]', "ben", False),
    ],
)
def test_globs_know_two_signs(change: Callable[..., Change], pattern: str, subject: str, covers: bool) -> None:
    one = change(subject)
    declare([one], loads(_entry(pattern), file="d.yaml"), now=NOW)
    assert (one.declared is not None) is covers


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("changes:\n  - gain: {}\n    reason: x\n    reviewed_by: y\n", "d.yaml:2:5", "'gain'"),
        ("changes:\n  - reason: x\n    reviewed_by: y\n", "d.yaml:2:5", "neither what is gained"),
        (_entry(more="until: tomorrow"), "d.yaml:5:12", "until"),
        (_entry(more="until: 2027-02-30T08:00:00Z"), "d.yaml:5:12", "until"),
        (_entry("[]"), "d.yaml:2:23", "subjects"),
        ("changes: [", "d.yaml:2:1", ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, where: str, says: str) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(path, file="d.yaml")
    assert error.value.where == where
    assert says in error.value.what
    assert type(error.value).exit_code == 2


def test_nobody_declares_everything() -> None:
    text = ENTRY.format(subjects='["*"]', more="").replace("[order/pay]", '["*"]').replace('["order:*"]', '["*"]')
    with pytest.raises(ConfigError, match=r"d\.yaml:2:\d+: declares everything"):
        loads(text, file="d.yaml")
    assert loads(ENTRY.format(subjects='["*"]', more=""), file="d.yaml")


def test_easier_terms_are_declared_by_a_word_of_their_own(change: Callable[..., Change]) -> None:
    one = replace(change(), what=What.EASED)
    assert declare([one], loads(_entry(), file="d.yaml"), now=NOW)
    assert declare([one], loads(_entry().replace("gains", "eases"), file="d.yaml"), now=NOW) == []
