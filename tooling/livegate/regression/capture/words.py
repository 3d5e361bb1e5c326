"""What keeps its name in a capture: words of the catalogue, and those that every document and suite is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.documents import ROOTS
from livegate.model.records import IdentityType, Status

if TYPE_CHECKING:
    from collections.abc import Mapping


def words(documents: Mapping[str, Any]) -> frozenset[str]:
    """What the catalogue and the configuration call things: it keeps its name."""
    catalog, config = documents["catalog"], documents["config"]
    found: set[str] = {"*"}
    for kind, described in catalog["actions"].items():
        found.add(kind)
        for action, facts in described.items():
            found |= {action, facts["application"], facts["tier"], *facts.get("labels", {}), *facts["context"]}
            found |= {*facts.get("mask_fields", ()), *facts.get("proofs", {})}
            found |= _limited(facts.get("limits", {}))
    found |= catalog["entitlements"].keys() | catalog["applications"].keys()
    for part in (*catalog["applications"].values(), *catalog.get("resources", {}).values()):
        found |= {part["environment"]} if "environment" in part else set()
    for name, resource in catalog.get("resources", {}).items():
        found |= {one.partition(":")[0] for one in (name, *resource.get("parents", ()))}
    for held in (*documents["iga"]["grants"].values(), *documents["iga"]["denies"].values()):
        found |= {key.partition("@")[2].partition(":")[0] for key in held}
    for freeze in catalog.get("freezes", {}).values():
        found |= freeze.get("environments", {}).keys()
    found |= {environment for leaf in documents["iga"]["identities"].values() if (environment := leaf.split("|")[2])}
    found |= {pep["environment"] for pep in documents["trust"]["peps"].values() if "environment" in pep}
    for mandates in documents["pam"]["mandates"].values():
        for mandate in mandates.values():
            found |= mandate.get("limits", {}).keys()
            for authority in mandate["authority"].values():
                found |= _constrained(authority.get("constraints", {}))
    return frozenset(found | config["tiers"].keys() | config["gates"].keys())


def vocabulary() -> frozenset[str]:
    """What documents and suites call their members and the few values that they list: a name may be equal to one."""
    found: set[str] = set()
    waiting: list[Any] = [schema.validator("livegate.documents", root).schema for root in ROOTS]
    waiting += [schema.validator("livegate.regression", name).schema for name in ("suite", "population")]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found |= {*one.get("properties", {}), *(text for text in one.get("enum", ()) if isinstance(text, str))}
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return frozenset(found | set(IdentityType) | set(Status) | {"allow", "deny", "on", "eligible"})


def _limited(limits: Mapping[str, Any]) -> set[str]:
    found = {*limits.get("counters", {}), *limits.get("separation", ())}
    for member in ("parameters", "conditions"):
        found |= _constrained(limits.get(member, {}))
    return found


def _constrained(constraints: Mapping[str, Any]) -> set[str]:
    found = set(constraints)
    for constraint in constraints.values():
        found |= {
            value for value in (*constraint.get("one_of", ()), constraint.get("equals")) if isinstance(value, str)
        }
    return found
