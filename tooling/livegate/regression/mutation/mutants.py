"""A mutant: one wrong change of one module, as an edit of its text."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livegate.regression.mutation.tree import Module


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is written in the place of a part of a text.

    Attributes:
        start, end: offsets (characters). new: the text that goes there.
        kind: one of :data:`livegate.regression.mutation.operators.KINDS`.
        what: the change in words, ``< becomes <=``; with file, line and rule it tells the mutants apart.
        rule: the name of the rule that it is in.
    """

    start: int
    end: int
    new: str
    kind: str
    what: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of the policy.

    Attributes:
        number: its place in the fixed order of all, from 0. line: from 1, where the change begins.
        text: that line as it is in the file, trimmed.
    """

    number: int
    module: Module
    edit: Edit
    line: int
    text: str

    @property
    def file(self) -> str:
        """Its module's path below the policy's folder."""
        return self.module.name

    @property
    def gate(self) -> str:
        """The gate whose package it is in; for what gates share, the folder: ``facts``, ``credentials``, ``authz``."""
        parts = self.module.package.split(".")
        if "gates" in parts[:-1]:
            return parts[parts.index("gates") + 1]
        return parts[1] if len(parts) > 1 else parts[0]

    @property
    def name(self) -> str:
        """Kind and change in words: ``comparison: < becomes <=``."""
        return f"{self.edit.kind}: {self.edit.what}"

    @property
    def where(self) -> str:
        """File from the project's folder, and line."""
        return f"rego/{self.module.name}:{self.line}"

    def source(self) -> str:
        """The whole module, changed."""
        text, edit = self.module.text, self.edit
        return text[: edit.start] + edit.new + text[edit.end :]

    def diff(self) -> tuple[str, ...]:
        """The lines that differ, each with ``-`` or ``+`` before it; of a long part the first ones."""
        before, after = self.module.text.splitlines(), self.source().splitlines()
        lines = [
            line
            for line in difflib.unified_diff(before, after, n=0, lineterm="")
            if not line.startswith(("---", "+++", "@@"))
        ]
        return (*lines[:_SHOWN], f"… {len(lines) - _SHOWN} more") if len(lines) > _SHOWN + 1 else tuple(lines)


_SHOWN = 8


def mutant(number: int, module: Module, edit: Edit) -> Mutant:
    """The mutant that an edit makes of a module."""
    line = module.line(edit.start)
    return Mutant(number=number, module=module, edit=edit, line=line, text=module.text.split("\n")[line - 1].strip())
