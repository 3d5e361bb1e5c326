"""Many mutants of one module in one: each changed rule stands beside the original, and a document says which counts.

OPA compiles the whole policy at each change, which takes longer than to show a mutant the cases that kill it. So the
mutants of a file go in together. A rule that has any is renamed, and so is each changed copy of it; under the old name
one line a copy hands on what it gives::

    fresh__o3 if now < until                                  # the third rule as it was
    fresh := fresh__o3 if data.mutation.rule != 3
    fresh__m17 if now <= until                                # mutant 17 of it
    fresh := fresh__m17 if data.mutation == {"rule": 3, "mutant": 17}

Several rules of a name, sets and functions are unions of their rules, so rule by rule is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livegate.regression.mutation.mutants import Mutant
    from livegate.regression.mutation.tree import Module, Node

ROOT = "mutation"
NONE = {"rule": -1, "mutant": -1}
"""What the document says when the policy is to be as it was."""


@dataclass(frozen=True, slots=True)
class Blend:
    """A module with mutants in it.

    Attributes:
        text: to compile. rule_of: number of a mutant → number of its rule. lines: (first, last, mutant) of each copy.
        alone: mutants that cannot share a module, such as those of defaults.
    """

    text: str
    rule_of: Mapping[int, int]
    lines: tuple[tuple[int, int, int], ...]
    alone: tuple[Mutant, ...]

    def chosen(self, mutant: Mutant) -> dict[str, int]:
        """The document by which that mutant counts."""
        return {"rule": self.rule_of[mutant.number], "mutant": mutant.number}

    def at(self, line: int) -> int | None:
        """The number of the mutant whose copy is at a line, if any is."""
        return next((mutant for first, last, mutant in self.lines if first <= line <= last), None)


def blend(module: Module, mutants: Sequence[Mutant]) -> Blend:
    """One module of these mutants of ``module``, in which none counts before it is chosen."""
    taken: dict[int, list[Mutant]] = {}
    alone = []
    for mutant in mutants:
        number = _rule(module, mutant)
        if number is None or _handed(module.rules[number], "", "") is None:
            alone.append(mutant)
        else:
            taken.setdefault(number, []).append(mutant)
    parts, added, last = [], [], 0
    rule_of: dict[int, int] = {}
    copies: list[tuple[int, str]] = []
    for number in sorted(taken):
        rule = module.rules[number]
        name = str(rule["head"]["ref"][0]["value"])
        start, end = _whole(module, rule)
        parts += [module.text[last:start], f"{name}__o{number}", module.text[start + len(name) : end]]
        last = end
        added.append(_line(rule, f"{name}__o{number}", f"data.{ROOT}.rule != {number}"))
        for mutant in taken[number]:
            rule_of[mutant.number] = number
            edit = mutant.edit
            if (edit.start, edit.end, edit.new) == (start, end, ""):
                continue  # dropped: nobody answers under its number
            copy = module.text[start : edit.start] + edit.new + module.text[edit.end : end]
            copies.append((mutant.number, f"{name}__m{mutant.number}{copy[len(name) :]}"))
            condition = f"data.{ROOT}.rule == {number}; data.{ROOT}.mutant == {mutant.number}"
            added.append(_line(rule, f"{name}__m{mutant.number}", condition))
    text = "".join((*parts, module.text[last:])).rstrip("\n") + "\n\n" + "\n".join(added) + "\n"
    lines = []
    for mutant_number, copy in copies:
        first = text.count("\n") + 1
        text += copy + "\n"
        lines.append((first, text.count("\n"), mutant_number))
    return Blend(text, rule_of, tuple(lines), tuple(alone))


def _rule(module: Module, mutant: Mutant) -> int | None:
    """The number of the rule that an edit is in, of those that can be renamed; its name stays."""
    for number, rule in enumerate(module.rules):
        span = module.span(rule)
        if span is None or rule.get("default"):
            continue
        name = str(rule["head"]["ref"][0]["value"])
        whole = (mutant.edit.start, mutant.edit.end) == span
        if span[0] <= mutant.edit.start and mutant.edit.end <= span[1]:
            renamed = module.text.startswith(name, span[0])
            return number if renamed and (whole or mutant.edit.start >= span[0] + len(name)) else None
    return None


def _whole(module: Module, rule: Node) -> tuple[int, int]:
    span = module.span(rule)
    if span is None:  # only rules that have one come here
        raise ValueError(rule["head"].get("name"))
    return span


def _line(rule: Node, name: str, condition: str) -> str:
    return str(_handed(rule, name, condition))


def _handed(rule: Node, name: str, condition: str) -> str | None:
    """A rule of the old name that gives what the rule ``name`` does; None for heads of a form that is not known."""
    head = rule["head"]
    own = str(head["ref"][0]["value"])
    if "args" in head:
        arguments = ", ".join(f"a{number}" for number in range(len(head["args"])))
        return f"{own}({arguments}) := {name}({arguments}) if {{ {condition} }}"
    if "key" in head and "value" not in head and len(head["ref"]) == 1:
        return f"{own} contains x if {{ {condition}; some x in {name} }}"
    if "value" in head and len(head["ref"]) == 2:  # whether its key is a constant or not
        return f"{own}[k] := v if {{ {condition}; some k, v in {name} }}"
    if len(head["ref"]) == 1:
        return f"{own} := {name} if {{ {condition} }}"
    return None
