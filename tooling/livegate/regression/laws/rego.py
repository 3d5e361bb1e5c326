"""Laws in Rego: checked, and put beside the policy in an OPA that runs for this check alone.

The policy and its documents are the signed bundles, and OPA takes nothing from anybody else under their roots; the laws
are under ``data.laws``, which no bundle owns. A law is judged of the whole answer, in the query that decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.documents import ROOTS
from livegate.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.opa.client import OpaClient
    from livegate.regression.laws.law import Body, Book, Law

JUDGED = "data.laws.stated.judged"
"""What is asked for: ``{answer, tried, broken, excepted}``; the answer without what no law compares."""

_ALLOWED = frozenset(ROOTS) | {"laws"}
_CHANGING = frozenset({"http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn", "uuid.rfc4122"})
_WHOLE = re.compile(r"\bdata\s*(\.\s*authz\b|\[)|\bdata\b(?!\s*[.\[])")

_HEAD = """package laws.stated

import future.keywords.not

judged := object.union(found, {"answer": {"decision": answer.decision, "context": said}}) if {
	answer := data.authz.evaluation
	asked := {"request": input, "answer": answer, "instant": time.now_ns()}
	found := data.laws.stated.found with input as asked
	said := object.union(object.filter(answer.context, _compared), {"evidence": {}})
}

found := {
	"tried": [law | some law in tried],
	"broken": [law | some law in broken],
	"excepted": [law | some law in excepted],
}

_compared := ["reasons", "obligations", "valid_until", "evaluated_at"]

tried contains -1 if false

broken contains -1 if false

excepted contains -1 if false
"""

_PROBE = 6
"""The line of a module of one body on which that begins."""

_PARSED = """parsed := [[id, module] |
	some id, text in input
	module := rego.parse_module("law.rego", text)
]"""


@dataclass(frozen=True, slots=True)
class _Part:
    """A module that is made of one body alone, to see that it is one."""

    text: str
    where: str
    body: Body | None = None


def install(client: OpaClient, book: Book) -> None:
    """Put the laws into the OPA that ``client`` asks; law ``n`` of the book is number ``n`` in what is judged.

    Raises:
        SuiteError: a law does not parse or compile, or reads ``data.authz``, all of ``data``, or what says something
            else each time; names file and line.
        EngineError: OPA cannot be asked.
    """
    _check(client, book)
    for number, (file, text) in enumerate(book.modules):
        for line, words in client.put_module(f"laws/beside/{number}.rego", text):
            raise SuiteError(f"does not compile: {words}", where=f"{file}:{line}" if line else file)
    text, places = module(book.laws)
    for line, words in client.put_module("laws/stated.rego", text):
        raise SuiteError(f"does not compile: {words}", where=_stands(places, line) or book.laws[0].file)


def module(laws: tuple[Law, ...]) -> tuple[str, tuple[Standing, ...]]:
    """The Rego module that judges these laws, and where in it each body stands."""
    lines, places = _HEAD.splitlines(), []
    for number, law in enumerate(laws):
        for head, body, foot in _rules(number, law):
            lines += head.splitlines()
            if body is not None:
                places.append(Standing(line=len(lines) + 1, body=body, file=law.file))
                lines += body.text.splitlines()
            lines += [foot, ""]
    return "\n".join(lines) + "\n", tuple(places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A body that begins on this line of a module, from 1, and the file that it is of."""

    line: int
    body: Body
    file: str


def _stands(places: tuple[Standing, ...], line: int) -> str | None:
    """File and line of what stands on a line of the module; None for what no law says."""
    for one in places:
        if 0 <= line - one.line < len(one.body.text.splitlines()):
            return f"{one.file}:{one.body.line + line - one.line}"
    return None


def _rules(number: int, law: Law) -> Iterator[tuple[str, Body | None, str]]:
    """Each rule: what stands before its body, the body, what stands after it."""
    tried = f"tried contains {number}"
    yield (f"{tried} if {{", law.when, "}") if law.when else (tried, None, "")
    if law.condition is not None and law.forbidden:
        yield f"broken contains {number} if {{\n\t{number} in tried", law.condition, "}"
    elif law.condition is not None:
        yield f"_kept_{number} if {{", law.condition, "}"
        yield f"broken contains {number} if {{\n\t{number} in tried\n\tnot _kept_{number}\n}}", None, ""
    if law.except_ is not None:
        yield f"excepted contains {number} if {{", law.except_, "}"


def _check(client: OpaClient, book: Book) -> None:
    parts = [_Part(text, file) for file, text in book.modules]
    parts += [
        _Part(f"package laws.probe\n\nimport future.keywords.not\n\nprobe if {{\n{body.text}\n}}\n", law.file, body)
        for law in book.laws
        for body in law.bodies
    ]
    (answer,) = client.query(_PARSED, [part.text for part in parts])
    trees = dict(answer["parsed"])
    for number, part in enumerate(parts):
        if number not in trees:
            line, words = next(iter(client.put_module("laws/probe.rego", part.text)), (0, "it does not parse"))
            first = 1 if part.body is None else _PROBE
            raise SuiteError(f"is no Rego: {words}", where=_where(part, ahead=max(0, line - first)))
        _check_tree(trees[number], part)


def _check_tree(tree: dict[str, Any], part: _Part) -> None:
    if part.body is not None:
        rules = tree.get("rules", [])
        if len(rules) != 1 or len(tree.get("imports", [])) != 1 or "else" in rules[0]:
            raise SuiteError(
                "is more than the body of one rule", where=_where(part), todo="write rules in a .rego file"
            )
    else:
        path = [term.get("value") for term in tree["package"]["path"]]
        if path[1:2] != ["laws"] or path[2:3] in (["stated"], ["probe"]):
            raise SuiteError(
                f"its package is {'.'.join(map(str, path[1:]))}", where=part.where, todo="package laws.<name>"
            )
    for wrong in _reads({name: inner for name, inner in tree.items() if name != "package"}):
        raise SuiteError(
            f"reads {wrong}",
            where=_where(part, _WHOLE),
            todo=f"a law may read input and data.{{{', '.join(sorted(_ALLOWED))}}}: what asks the gates proves nothing"
            if wrong.startswith("data")
            else "a law says the same of the same",
        )


def _reads(node: Any) -> Iterator[str]:
    """What a law must not read, in a syntax tree."""
    if isinstance(node, list):
        for inner in node:
            yield from _reads(inner)
    elif isinstance(node, dict):
        value = node.get("value")
        if node.get("type") == "ref" and isinstance(value, list):
            yield from _reference(value)
            # the head of a reference is a variable, or whatever it is a part of: `f(data.authz).x`
            yield from _reads(value[1:] if value[0].get("type") == "var" else value)
        elif node.get("type") == "var" and value == "data":
            yield "data as a whole"
        else:
            for inner in node.values():
                yield from _reads(inner)


def _reference(terms: list[dict[str, Any]]) -> Iterator[str]:
    names = [term.get("value") for term in terms]
    if names[0] == "data" and terms[0].get("type") == "var":
        if len(terms) < 2 or terms[1].get("type") != "string":
            yield "data as a whole"
        elif names[1] not in _ALLOWED:
            yield f"data.{names[1]}"
    elif terms[0].get("type") == "var" and ".".join(map(str, names)) in _CHANGING:
        yield ".".join(map(str, names))


def _where(part: _Part, pattern: re.Pattern[str] | None = None, *, ahead: int = 0) -> str:
    """File and line of a part, so many lines ahead; or of the first that ``pattern`` finds in it."""
    text, line = (part.text, 1) if part.body is None else (part.body.text, part.body.line)
    if pattern and (found := pattern.search(text)):
        ahead = text.count("\n", 0, found.start())
    return f"{part.where}:{line + min(ahead, max(0, len(text.splitlines()) - 1))}"
