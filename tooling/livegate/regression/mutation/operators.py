"""What can be changed where: from a syntax tree to edits of the text, in the order of the text.

An operator only looks at a node and says what else could stand there. Whether the result compiles is OPA's to say:
what does not is counted apart.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate.regression.mutation.mutants import Edit
from livegate.regression.mutation.tree import called, children

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from livegate.regression.mutation.tree import Module, Node

KINDS = (
    "condition",
    "comparison",
    "negation",
    "constant",
    "member",
    "gate",
    "default",
    "else",
    "every",
    "extreme",
    "arithmetic",
    "rule",
    "reason",
)
"""Condition dropped, comparison shifted, ``not`` dropped, constant changed, member of a set or list dropped, gate
always passing, default flipped or dropped, ``else`` dropped, ``every`` made ``some``, ``min`` and ``max`` exchanged,
``+`` and ``-``, one of several rules of a name dropped, reason never given."""

_COMPARISONS = {
    "lt": ("<", ("<=", ">")),
    "lte": ("<=", ("<",)),
    "gt": (">", (">=", "<")),
    "gte": (">=", (">",)),
    "equal": ("==", ("!=",)),
    "neq": ("!=", ("==",)),
}
_ARITHMETIC = {"plus": ("+", "-"), "minus": ("-", "+"), "or": ("|", "&"), "and": ("&", "|")}
_EXTREMES = {"min": "max", "max": "min"}
_ASSIGNS = frozenset({"assign", "eq"})
_NEVER = 9223372036854775807  # the end of time as OPA's clock knows it: what is next to it is never either
_MUTATED = "mutated"
_OPEN = {"array": "[]", "set": "set()"}


def edits(module: Module, names: Mapping[tuple[str, str], int]) -> tuple[Edit, ...]:
    """Every change of one module, by place.

    Args:
        names: (package, name) → how many rules of the whole policy have it; see :func:`names_of`.
    """
    found: list[Edit] = []
    for rule in module.rules:
        found += _Walk(module, str(rule["head"]["ref"][0]["value"])).rule(rule, names)
    unique = {(edit.start, edit.end, edit.new): edit for edit in found}
    return tuple(sorted(unique.values(), key=lambda edit: (edit.start, edit.end, edit.kind, edit.new)))


def names_of(modules: Iterable[Module]) -> Mapping[tuple[str, str], int]:
    """How many rules, defaults left out, have a name in a package."""
    return Counter(
        (module.package, str(rule["head"]["ref"][0]["value"]))
        for module in modules
        for rule in module.rules
        if not rule.get("default")
    )


@dataclass(slots=True)
class _Walk:
    """One rule, walked from its head to its last branch."""

    module: Module
    name: str
    found: list[Edit] = field(default_factory=list)

    def rule(self, rule: Node, names: Mapping[tuple[str, str], int]) -> list[Edit]:
        if rule.get("default"):
            self._default(rule)
            return self.found
        if span := self.module.span(rule):
            if self.name == "reasons":
                self._add(span, "", "reason", "the reason is never given")
            elif names[self.module.package, self.name] > 1:
                self._add(span, "", "rule", "the rule is dropped")
        branch: Node | None = rule
        while branch is not None:
            self._head(branch["head"])
            self._body(branch["body"])
            following = branch.get("else")
            if following is not None:
                self._else(following)
            branch = following
        return self.found

    def _default(self, rule: Node) -> None:
        value = rule["head"]["value"]
        begin, head = self.module.span(rule), self.module.span(rule["head"])
        span = self.module.span(value)
        if begin is None or head is None or span is None:
            return
        if "gates" in self.module.package.split(".") and self.name == "verdict":
            always = f'{{"pass": true, "until": {_NEVER}}}'
            self._add(span, always, "gate", "the gate always passes")
        elif value["type"] == "boolean":
            self._flip(span, value, "default")
        else:
            self._add((begin[0], head[1]), "", "default", "the default is dropped")

    def _head(self, head: Node) -> None:
        said = self.name != "reasons"  # what a reason is called, nobody mistakes for a condition
        patterns = [argument for argument in head.get("args", ()) if argument["type"] != "array"]
        for part in (*patterns, head.get("key"), head.get("value")):
            if isinstance(part, dict):
                self._term(part, constants=said)

    def _else(self, branch: Node) -> None:
        # the text of a branch goes on to the end of the last one: only its own is dropped
        span = self.module.span(branch)
        after = self.module.span(branch["else"]) if "else" in branch else None
        if span:
            start = span[0] if after else len(self.module.text[: span[0]].rstrip())
            self._add((start, after[0] if after else span[1]), "", "else", "the branch is dropped")

    def _body(self, body: Iterable[Node]) -> None:
        for expression in body:
            if not expression.get("generated"):
                self._expression(expression)

    def _expression(self, expression: Node, *, droppable: bool = True) -> None:
        terms = expression["terms"]
        span = self.module.span(expression)
        text = self.module.text[slice(*span)] if span else ""
        if span and droppable and _droppable(terms) and text != "true":
            self._add(span, "true", "condition", f"{_short(text)} is dropped")
        if isinstance(terms, dict) and "body" in terms and "domain" not in terms:
            if span and text.startswith("not "):
                self._add((span[0], span[0] + 4), "", "negation", f"{_short(text)} without its not")
            for inner in terms["body"]:
                self._expression(inner, droppable=False)
        elif isinstance(terms, dict) and "domain" in terms:
            self._every(terms, span, text)
        elif isinstance(terms, dict) and "symbols" in terms:
            for symbol in terms["symbols"]:
                if symbol["type"] == "call":  # some pattern in what
                    self._term(symbol["value"][-1])
        elif isinstance(terms, dict):
            self._term(terms)
        else:
            self._call(terms)
        for replaced in expression.get("with", ()):
            self._term(replaced["value"])

    def _every(self, terms: Node, span: tuple[int, int] | None, text: str) -> None:
        domain = self.module.span(terms["domain"])
        if span and domain and text.startswith("every "):
            inner = self.module.text[domain[1] : span[1]].strip()
            if inner.startswith("{") and inner.endswith("}"):
                some = "some " + self.module.text[span[0] + 6 : domain[1]]
                body = "; ".join(line.strip() for line in inner[1:-1].strip().splitlines() if line.strip())
                self._add(span, f"{some}; {body}", "every", "every becomes some")
        self._term(terms["domain"])
        self._body(terms["body"])

    def _call(self, terms: list[Node]) -> None:
        name = called(terms)
        place = self.module.span(terms[0])
        sign = self.module.text[slice(*place)] if place else ""
        if place and name in _COMPARISONS and sign == _COMPARISONS[name][0]:
            for other in _COMPARISONS[name][1]:
                self._add(place, other, "comparison", f"{sign} becomes {other}")
        if place and name in _ARITHMETIC and sign == _ARITHMETIC[name][0]:
            self._add(place, _ARITHMETIC[name][1], "arithmetic", f"{sign} becomes {_ARITHMETIC[name][1]}")
        if place and name in _EXTREMES:
            self._add(place, _EXTREMES[name], "extreme", f"{name} becomes {_EXTREMES[name]}")
        for operand in terms[2 if name in _ASSIGNS else 1 :]:
            self._term(operand)

    def _term(self, term: Node, *, constants: bool = True) -> None:
        kind, value = term.get("type"), term.get("value")
        match kind:
            case "call":
                self._call(value)  # type: ignore[arg-type]  # a call's value is the list of its terms
            case "ref":
                self._reference(value)  # type: ignore[arg-type]  # and a reference's that of its parts
            case "array" | "set":
                self._members(term, str(kind))
                for member in children(value):
                    self._term(member, constants=constants)
            case "object":
                for _, member in value:  # type: ignore[union-attr]  # pairs
                    self._term(member, constants=constants)
            case "arraycomprehension" | "setcomprehension" | "objectcomprehension":
                for part in ("term", "key", "value"):
                    if isinstance(value.get(part), dict):  # type: ignore[union-attr]  # a comprehension's parts
                        self._term(value[part], constants=constants)  # type: ignore[index]  # the same
                self._body(value["body"])  # type: ignore[index]  # the same
            case "number" | "string" | "boolean" if constants:
                self._constant(term)

    def _reference(self, parts: list[Node]) -> None:
        for part in parts:
            span = self.module.span(part)
            if part["type"] == "number" and span and self.module.text[slice(*span)].isdigit():
                self._add(span, str(part["value"] + 1), "constant", f"[{part['value']}] becomes [{part['value'] + 1}]")
            elif part["type"] not in {"string", "number", "boolean", "var"}:
                self._term(part)

    def _members(self, term: Node, kind: str) -> None:
        whole = self.module.span(term)
        spans = sorted(span for member in term["value"] if (span := self.module.span(member)))
        if whole is None or len(spans) != len(term["value"]) or not spans:
            return
        for number, (start, end) in enumerate(spans):
            what = f"{_short(self.module.text[start:end])} is left out"
            if len(spans) == 1:
                self._add(whole, _OPEN[kind], "member", what)
            elif number + 1 < len(spans):
                self._add((start, spans[number + 1][0]), "", "member", what)
            else:
                self._add((spans[number - 1][1], end), "", "member", what)

    def _constant(self, term: Node) -> None:
        span, value = self.module.span(term), term["value"]
        if span is None:
            return
        text = self.module.text[slice(*span)]
        if term["type"] == "boolean":
            self._flip(span, term, "constant")
        elif term["type"] == "number" and text.isdigit() and value != _NEVER:
            for other in (value + 1, value - 1):
                self._add(span, str(other), "constant", f"{text} becomes {other}")
        elif term["type"] == "string" and text[:1] in {'"', "`"}:
            other = json.dumps(_MUTATED if value != _MUTATED else "")
            self._add(span, other, "constant", f"{_short(text)} becomes {other}")

    def _flip(self, span: tuple[int, int], term: Node, kind: str) -> None:
        before, after = ("true", "false") if term["value"] else ("false", "true")
        self._add(span, after, kind, f"{before} becomes {after}")

    def _add(self, span: tuple[int, int], new: str, kind: str, what: str) -> None:
        self.found.append(Edit(start=span[0], end=span[1], new=new, kind=kind, what=what, rule=self.name))


def _droppable(terms: Any) -> bool:
    """Whether something is left to evaluate without it: not what gives variables their values."""
    if isinstance(terms, dict):
        return "symbols" not in terms
    if called(terms) not in _ASSIGNS:
        return True
    return terms[1]["type"] == "var" and str(terms[1]["value"]).startswith("$")  # a wildcard: only asks if it is there


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
