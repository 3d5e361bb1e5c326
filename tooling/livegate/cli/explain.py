"""A decision for people: each gate's verdict, and what each reason means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from livegate.cli import output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.opa.annotations import ReasonText

GATES = (
    "request",
    "proof",
    "identity",
    "revocation",
    "freshness",
    "entitlement",
    "elevation",
    "mandate",
    "transaction",
)
"""The gates in the order in which people think of them; others that answer come after."""


def gates_of(answer: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Gate to its reasons; an empty list is a pass.

    Where the request gate failed, the answer tells of no other. Of a denial without reasons, which is all that some
    enforcement points are told, nobody can say which gate passed: then there is none in here.
    """
    if not answer["decision"] and not answer["context"]["reasons"]:
        return {}
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
    output.emit_table("Decided on", ("", ""), list(_facts(context)))


def _facts(context: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What else the answer says, in rows: until when, what to do, and what it was made from."""
    yield "evaluated at", context["evaluated_at"]
    if "valid_until" in context:
        yield "valid until", context["valid_until"]
    if "cache" in context:
        cache = context["cache"]
        kept = f"until {cache['until']}, for the same {', '.join(cache['depends_on'])}" if cache["store"] else "never"
        yield "may be stored", kept
    if "next_action" in context:
        yield "next action", context["next_action"]
    if "access_request" in context:
        wanted = context["access_request"]
        template = wanted["template"]
        yield "request access", "\n".join(f"{part}: {_evidence(template[part])}" for part in template)
        yield "  before", wanted["expires_at"]
    for item in context["obligations"]:
        yield f"obligation {item['type']}", " ".join(filter(None, (item["id"], _evidence(item["properties"]))))
    for name, revision in sorted(context["revisions"].items()):
        yield f"revision of {name}", revision
    for name, listed in sorted(context["snapshots"].items()):
        if listed:
            yield f"snapshots of {name}", _evidence(listed)


def _reason(reason: dict[str, Any], texts: dict[str, ReasonText]) -> str:
    text = texts.get(reason["id"])
    # an enforcement point that is told ids alone is not told what comes next
    lines = [f"{reason['id']}  (next: {reason['next_action']})" if "next_action" in reason else reason["id"]]
    if text is not None:
        lines += [f"  {text.title}. {text.description}", f"  → {text.remediation}"]
    if "needs" in reason:
        lines.append(f"  needs {_evidence(reason['needs'])}")
    return "\n".join(lines)


def _evidence(evidence: Any) -> str:
    """Members on one line, without those that say nothing; a list by its items."""
    if isinstance(evidence, list):
        return ",".join(map(str, evidence))
    if not isinstance(evidence, dict):
        return str(evidence)
    shown = ((key, _evidence(value)) for key, value in evidence.items())
    return " ".join(f"{key}={value}" for key, value in shown if value)
