"""Who is who: tests name people by identity id everywhere; a PAM system may know them by user name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from livegate import yamlfiles
from livegate.regression import exports
from livegate.regression.overlay import Overlay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.project import Project
    from livegate.regression.cases import Given

_OF_PAM = ("elevations", "break_glass", "mandates")
_PEOPLE = ("subject", "agent", "activated_by", "issuer", "requester", "approvers", "approval", "approvals")
"""Members that name people, or have such members in them."""


def named_as_in_pam(project: Project, given: Given) -> Given:
    """``given`` with the people in its PAM records called what the example's PAM system calls them.

    What is no identity's id, such as a user name, stays as it is.

    Raises:
        LivegateError: the example's sources cannot be read.
    """
    overlay = Overlay.of(given.overlay)
    if given.made_of != "example" or not any(overlay.rows.get(section) for section in _OF_PAM):
        return given
    names = _user_names(project, overlay)
    rows = {
        section: {id_: _called(row, names) if section in _OF_PAM else row for id_, row in found.items()}
        for section, found in overlay.rows.items()
    }
    return replace(given, overlay=replace(overlay, rows=rows).text())


def _user_names(project: Project, overlay: Overlay) -> dict[str, str]:
    """Identity id → user name, where the PAM system goes by that."""
    sources = [next(iter(yamlfiles.load(path).values())) for path in sorted(project.sources.glob("example-*.yaml"))]
    if not any(source["domain"] == "pam" and source.get("correlate") == "user_name" for source in sources):
        return {}
    found = {}
    for source in sources:
        if export := source.get("file", {}).get("exports", {}).get("identity"):
            rows = exports.rows(project.data / export["path"], "identity")
            found.update({row["id"]: row["user_name"] for row in rows if row.get("user_name")})
    given = overlay.rows.get("identities", {})
    return found | {id_: row["user_name"] for id_, row in given.items() if row.get("user_name")}


def _called(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {member: _one(value, names) if member in _PEOPLE else value for member, value in row.items()}


def _one(value: Any, names: Mapping[str, str]) -> Any:
    match value:
        case str():
            return names.get(value, value)
        case list():
            return [_one(one, names) for one in value]
        case dict() if "approvers" in value or "requester" in value:
            return _called(value, names)
        case dict():  # task → approval
            return {task: _called(one, names) if isinstance(one, dict) else one for task, one in value.items()}
    return value
