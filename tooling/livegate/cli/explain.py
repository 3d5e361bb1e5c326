"""A decision for people: each gate's verdict, and what each reason means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from livegate.cli import output

if TYPE_CHECKING:
    from livegate.opa.annotations import ReasonText

GATES = ("request", "identity", "revocation", "freshness", "entitlement", "elevation")
"""The gates in the order in which people think of them; others that answer come after."""


def gates_of(answer: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Gate to its reasons; an empty list is a pass. Where the request gate failed, the answer tells of no other."""
    verdicts: dict[str, list[dict[str, Any]]] = {gate: [] for gate in GATES}
    for reason in answer["context"]["reasons"]:
        verdicts.setdefault(reason["gate"], []).append(reason)
    return {gate: reasons for gate, reasons in verdicts.items() if reasons or not verdicts["request"]}


def decision_mark(answer: dict[str, Any]) -> Text:
    """ALLOW or DENY."""
    return Text("ALLOW", style="bold green") if answer["decision"] else Text("DENY", style="bold red")


def show(request: dict[str, Any], answer: dict[str, Any], texts: dict[str, ReasonText]) -> None:
    """One decision, gate by gate."""
    context = answer["context"]
    subject, action, resource = request.get("subject", {}), request.get("action", {}), request.get("resource", {})
    question = (
        f"{subject.get('type')}:{subject.get('id')}  {action.get('name')}  {resource.get('type')}:{resource.get('id')}"
    )
    rows: list[tuple[str | Text, ...]] = []
    for gate, reasons in gates_of(answer).items():
        evidence = context.get("evidence", {}).get(gate, {})
        said = "\n".join(_reason(reason, texts) for reason in reasons)
        rows.append((gate, output.verdict(passed=not reasons), said or _evidence(evidence)))
    output.emit_table(f"{question}: {'ALLOW' if answer['decision'] else 'DENY'}", ("gate", "verdict", "because"), rows)
    facts = [("evaluated at", context["evaluated_at"])]
    if answer["decision"]:
        facts.append(("valid until", context["valid_until"]))
    facts += [(f"obligation {item['type']}", item["id"]) for item in context["obligations"]]
    facts += [(f"revision of {name}", revision) for name, revision in sorted(context["revisions"].items())]
    output.emit_table("Decided on", ("", ""), facts)


def _reason(reason: dict[str, Any], texts: dict[str, ReasonText]) -> str:
    text = texts.get(reason["id"])
    lines = [f"{reason['id']}  (next: {reason['next_action']})"]
    if text is not None:
        lines += [f"  {text.title}. {text.description}", f"  → {text.remediation}"]
    if "needs" in reason:
        lines.append(f"  needs {_evidence(reason['needs'])}")
    return "\n".join(lines)


def _evidence(evidence: dict[str, Any]) -> str:
    shown = (
        f"{key}={','.join(map(str, value)) if isinstance(value, list) else value}" for key, value in evidence.items()
    )
    return " ".join(part for part in shown if not part.endswith("="))
