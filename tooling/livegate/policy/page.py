"""The catalogue page: rule → controls, control → rules, cases, and the gaps said plainly. Markdown; no I/O.

The same input gives the same bytes. It holds no line numbers, so that only what it speaks of makes it stale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.policy.controls import Relation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from livegate.policy.controls import Control, Framework, Link
    from livegate.policy.coverage import Coverage
    from livegate.policy.rules import Rule

_HEAD = (
    "# Controls\n\n"
    "Written by `livegate policy page` from the METADATA of the rules, [the specification](../../rego/README.md), the "
    "lists in this folder and the cases in `tests/policy`. Do not edit it here.\n\n"
    "A reason **implements** a requirement when denying for it is what the requirement asks, or a part of that; it "
    "**supports** one that it helps; it is **evidence for** one when it makes sure of a trace.\n"
    "How sure the mapping is stands in brackets where it is not high. A mapping is our judgement: no framework's owner "
    "has reviewed it, and a requirement with reasons is not thereby met.\n"
)


def write(coverage: Coverage) -> str:
    """The whole page."""
    parts = [
        _HEAD,
        _summary(coverage),
        *_reasons(coverage),
        *_own(coverage),
        *_requirements(coverage),
        *_gaps(coverage),
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def claims(links: Iterable[tuple[str, Link]]) -> str:
    """Named claims by relation: ``implements A, B (medium); supports C``."""
    listed = list(links)
    groups = []
    for relation in Relation:
        names = [
            name if link.confidence == "high" else f"{name} ({link.confidence})"
            for name, link in listed
            if link.relation is relation
        ]
        if names:
            groups.append(f"{relation.value.replace('-', ' ')} {', '.join(names)}")
    return "; ".join(groups)


def _summary(coverage: Coverage) -> str:
    gates, gaps = coverage.gates(), coverage.gaps()
    total = sum(len(framework.controls) for framework in coverage.controls.frameworks.values())
    missing = len(gaps.open) + len(gaps.out_of_reach) + len(gaps.silent)
    return (
        f"{len(coverage.rules)} reasons of {len(gates)} gates, {len(coverage.cases)} cases, {total} requirements of "
        f"{len(coverage.controls.frameworks)} frameworks: {total - missing - len(gaps.supported)} with a reason that "
        f"implements at least a part, {len(gaps.supported)} only supported, {missing} that no rule answers."
    )


def _reasons(coverage: Coverage) -> Iterator[str]:
    yield "## Reasons → controls"
    for gate, rules in coverage.gates().items():
        yield f"### {gate}"
        yield _table(
            ("reason", "means", "next", "own", "frameworks", "cases"),
            [
                (
                    f"`{rule.id}`",
                    rule.title,
                    rule.next_action or "",
                    ", ".join(rule.controls),
                    claims((link.id, link) for link in coverage.links(rule)),
                    str(coverage.by_reason[rule.id]),
                )
                for rule in rules
            ],
        )


def _own(coverage: Coverage) -> Iterator[str]:
    yield "## Our own controls → reasons"
    for own in coverage.controls.own.values():
        yield f"### {own.id}: {own.title}"
        yield f"{own.meaning}\n\n{coverage.by_own[own.id]} cases speak for it."
        yield _table(
            ("stands for", "version", "id", "title", "relation", "confidence"),
            [
                (
                    coverage.controls.frameworks[link.framework].title,
                    link.version or "",
                    link.id,
                    link.title or "",
                    link.relation.value.replace("-", " "),
                    link.confidence,
                )
                for link in own.maps
            ],
        )
        yield "Reasons: " + (_ids(rule for rule in coverage.rules.values() if own.id in rule.controls) or "none") + "."


def _requirements(coverage: Coverage) -> Iterator[str]:
    yield "## Requirements → reasons"
    for framework in coverage.controls.frameworks.values():
        yield f"### {framework.title} ({framework.version})"
        yield f"Filter: `--framework {framework.key}`. Source: {framework.source}."
        said = any(control.answerable for control in framework.controls)
        head = ("id", "title", *(("can a policy at run time answer it?",) if said else ()), "reasons", "cases")
        yield _table(
            head,
            [
                (
                    control.id,
                    control.title,
                    *((_answerable(control),) if said else ()),
                    claims((f"`{rule.id}`", link) for rule, link in coverage.serving(framework, control)) or "**none**",
                    str(coverage.cases_of(framework, control)),
                )
                for control in framework.controls
            ],
        )


def _gaps(coverage: Coverage) -> Iterator[str]:
    gaps = coverage.gaps()
    yield "## Gaps"
    yield "### A policy at run time could answer these; no rule of ours does"
    yield _missing(gaps.open)
    yield "### Out of reach of a policy at run time"
    yield _missing(gaps.out_of_reach)
    yield "### No rule answers these, and nobody here says whether one could"
    yield _missing(gaps.silent)
    yield "### Only supported: no rule is what these ask for"
    yield _missing(gaps.supported)
    yield "### Reasons that no case expects"
    yield _ids(coverage.rules[id_] for id_ in coverage.unexpected()) or "None."
    yield "### Reasons of the specification that no rule gives yet"
    yield ", ".join(f"`{id_}`" for id_ in coverage.unwritten()) or "None."


def _missing(listed: Sequence[tuple[Framework, Control]]) -> str:
    if not listed:
        return "None."
    rows = [
        (framework.title, control.id, control.title, " ".join(part for part in (control.by, control.elsewhere) if part))
        for framework, control in listed
    ]
    return _table(("framework", "id", "title", "what can be said"), rows)


def _answerable(control: Control) -> str:
    return f"{control.answerable.value.replace('-', ' ')}: {control.by}" if control.answerable else ""


def _ids(rules: Iterable[Rule]) -> str:
    return ", ".join(f"`{rule.id}`" for rule in rules)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
