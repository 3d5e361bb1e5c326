"""The decision, from all gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle import elevation, entitlement, freshness, identity, mandate, proof, request, revocation, transaction
from tests.oracle.case import Case
from tests.oracle.verdict import FAIL, Gate, Verdict, least

if TYPE_CHECKING:
    from collections.abc import Mapping


GATES = frozenset(
    {"request", "proof", "identity", "revocation", "freshness", "entitlement", "elevation", "mandate", "transaction"}
)


def decide(asked: Any, documents: Mapping[str, Any], now: int) -> Verdict:
    """What the specification says of a request under these documents at ``now`` (ns).

    Args:
        asked: the request, any JSON value as :func:`tests.oracle.values.loads` reads it.
        documents: root → document, read the same way.
    """
    case = Case(asked, documents, now)
    first = request.gate(case)
    if not first.passed:
        return Verdict(False, frozenset({"request"}), None)
    shown = proof.gate(case)
    gates = {
        "request": first,
        "proof": FAIL if shown is None else Gate(True, proof.until(case, shown)),
        "identity": identity.gate(case),
        "revocation": revocation.gate(case, shown),
        "freshness": freshness.gate(case),
        "entitlement": entitlement.gate(case),
        "elevation": elevation.gate(case),
        "mandate": mandate.gate(case, shown),
        "transaction": transaction.gate(case),
    }
    if not _all_loaded(case.document("config", "gates")):
        return Verdict(False, frozenset({"decision"}), None)
    failed = frozenset(name for name, gate in gates.items() if not gate.passed)
    if failed:
        return Verdict(False, failed, None)
    return Verdict(True, failed, int(least(gate.until for gate in gates.values())))


def _all_loaded(gates: Any) -> bool:
    """Whether ``config.gates``, the gates that must be loaded and pass, names some, and none that there is not."""
    return (
        isinstance(gates, dict)
        and bool(gates)
        and gates.keys() <= GATES
        and all(gate == {"pass": True} for gate in gates.values())
    )
