"""What OpenBao knows, to elevations: which path elevates to what, who holds it, and on whose approval.

No lease says who holds it (measured on OpenBao 2.7.2: a lookup gives path and times). So its holder is
either part of its path, by a template of the configuration (``database/creds/orders-dba-{subject}``), or
told by a line of the approvals file that names the lease and the accessor of the control-group request
it came from; then requester and approvers are asked of OpenBao itself.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from livegate.errors import ConfigError
from livegate.model.instants import parse
from livegate.model.records import Approval, Elevation, Recording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.sources.openbao_api import ControlGroup, Entity, Lease, Token

_NAMESPACE = r"(?:\.[A-Za-z0-9]+)?"
_SECRET = re.compile(r"[A-Za-z0-9]{24}" + _NAMESPACE)
_TOKEN = re.compile(r"(?:h[0-9a-f]{64}|[0-9a-f]{40})" + _NAMESPACE)
_HOLDER = "{subject}"


@dataclass(frozen=True, slots=True)
class Target:
    """What a path elevates to.

    Attributes:
        prefix: of the path; ends in ``/``.
        holder: matches the path of a lease, its one group being who holds it.
    """

    prefix: str
    entitlement: str
    scope: str
    resource: str
    actions: tuple[str, ...]
    recording: Recording
    holder: re.Pattern[str] | None


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the approvals file: what cannot be listed, kept by whoever asked.

    Attributes:
        accessor: of the token that wraps the control-group request.
        lease: what the approved request was unwrapped to, or a lease that was given without one.
        path: what was asked for; compared when given.
        subject: who holds ``lease``; only where there is no accessor to ask OpenBao by.
        justification, ticket: why.
    """

    accessor: str = ""
    lease: str = ""
    path: str = ""
    subject: str = ""
    justification: str = ""
    ticket: str = ""

    def __post_init__(self) -> None:
        if not self.accessor and not (self.lease and self.subject):
            raise ValueError("names neither an accessor, nor a lease and its subject")


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved control-group request, and the window of the token that wraps it (ns)."""

    approval: Approval
    path: str
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Names:
    """What of an entity names a subject.

    Attributes:
        kind: ``entity`` (its name), ``alias`` (its account in the auth mount ``mount``) or ``id``.
        mount: accessor of that auth mount. Without one, an account of the same name elsewhere could pass for another.
    """

    kind: str = "entity"
    mount: str = ""

    def of(self, entity: Entity) -> str:
        """The subject.

        Raises:
            ValueError: the entity has no such name, or several.
        """
        if self.kind == "alias":
            found = {alias.name for alias in entity.aliases or [] if alias.mount_accessor == self.mount}
        else:
            found = {entity.id if self.kind == "id" else entity.name}
        if len(found) != 1 or "" in found:
            raise ValueError(f"entity {entity.id} has {len(found - {''})} names by {self.kind}, not one")
        return found.pop()


def targets(prefixes: Mapping[str, Mapping[str, Any]], *, where: str) -> tuple[Target, ...]:
    """The configured prefixes, longest first.

    Raises:
        ConfigError: names the prefix that is wrong.
    """
    found = {}
    for name, entry in prefixes.items():
        place = f"{where}.{name}"
        prefix = name.rstrip("/") + "/"
        if prefix.startswith(("/", "auth/")) or any(part in {"", ".", ".."} for part in prefix[:-1].split("/")):
            raise ConfigError(
                "no path of secrets",
                where=place,
                todo="write it as in database/creds/orders-dba/; logins do not elevate",
            )
        if prefix in found:
            raise ConfigError("the same prefix is there twice", where=place)
        if ("entitlement" in entry) == ("resource" in entry):
            raise ConfigError("must name either an entitlement or a resource", where=place)
        if ("resource" in entry) != ("actions" in entry) or "*" in entry.get("actions", ()):
            raise ConfigError("a resource, and only that, has actions, named one by one", where=place)
        found[prefix] = Target(
            prefix=prefix,
            entitlement=entry.get("entitlement", ""),
            scope=entry.get("scope", "*"),
            resource=entry.get("resource", ""),
            actions=tuple(entry.get("actions", ())),
            recording=Recording(entry.get("recording", "unknown")),
            holder=_holder(entry.get("subject", "")),
        )
    return tuple(sorted(found.values(), key=lambda target: (-len(target.prefix), target.prefix)))


def target_of(path: str, known: tuple[Target, ...]) -> Target | None:
    """The target with the longest prefix of ``path``; whole segments only."""
    return next((target for target in known if f"{path}/".startswith(target.prefix)), None)


def is_token_lease(lease_id: str) -> bool:
    """Whether this is the lease of a token: of a login, or of the token that wraps an answer.

    A control-group request that nobody approved yet is such a lease, under the very path that was asked
    for, so that taking every lease under a path for a secret would elevate whoever asks.

    Raises:
        ValueError: neither the lease of a token nor of a secret, by the form of its last segment.
    """
    last = lease_id.rpartition("/")[2]
    if _TOKEN.fullmatch(last):
        return True
    if _SECRET.fullmatch(last):
        return False
    raise ValueError("neither the lease of a secret nor of a token")


def approved(group: ControlGroup, token: Token, approvers: list[Entity], accessor: str, names: Names) -> Approved:
    """An approved request, its people by their subject names.

    Raises:
        ValueError: someone has no name, or the token no end.
    """
    if token.expire_time is None:
        raise ValueError("the token that wraps the request has no end")
    return Approved(
        approval=Approval(
            # an accessor lets its holder revoke, so it is not shown
            id=f"control-group/{hashlib.sha256(accessor.encode()).hexdigest()[:32]}",
            requester=names.of(group.requester),
            approvers=tuple(sorted(map(names.of, approvers))),
        ),
        path=group.request_path,
        issued_at=parse(token.issue_time),
        expires_at=parse(token.expire_time),
    )


def of_request(request: Approved, line: Line, target: Target) -> Elevation:
    """The elevation of an approved request, for as long as it may be unwrapped.

    Raises:
        ValueError: the model refuses it.
    """
    window = (request.issued_at, request.expires_at)
    return _elevation(request.approval.id, request.approval.requester, window, target, line=line, request=request)


def of_lease(lease: Lease, target: Target, line: Line | None, request: Approved | None) -> Elevation:
    """The elevation of a lease; it ends with the lease.

    Args:
        lease: as looked up.
        target: what it elevates to.
        line: the line of the approvals file that names it, if any.
        request: the approved request that ``line`` names, if OpenBao still has it.

    Raises:
        ValueError: it has no end, nobody is known to hold it, or what is said of it does not fit.
    """
    if not lease.expire_time or not lease.issue_time:
        raise ValueError("the lease has no end")
    issued_at = parse(lease.issue_time)
    if request is not None and (lease.path != request.path or not request.issued_at <= issued_at <= request.expires_at):
        raise ValueError("the lease did not come from the request that the approvals file names")
    if line is not None and line.accessor and request is None:
        raise ValueError("its control-group request has ended or is not approved, so nothing tells who holds it")
    said = request.approval.requester if request is not None else line.subject if line is not None else ""
    subject = _held_by(lease.path, target) or said
    if not subject:
        raise ValueError("nothing tells who holds it: no template and no line of the approvals file")
    if said and said != subject:
        raise ValueError(f"held by {subject!r} by its path, by {said!r} by the approvals file")
    return _elevation(lease.id, subject, (issued_at, parse(lease.expire_time)), target, line=line, request=request)


def _elevation(
    name: str,
    subject: str,
    window: tuple[int, int],
    target: Target,
    *,
    line: Line | None,
    request: Approved | None,
) -> Elevation:
    approval = request.approval if request is not None else Approval()
    return Elevation(
        id=name,
        subject=subject,
        not_before=window[0],
        expires_at=window[1],
        approval=msgspec.structs.replace(approval, ticket=line.ticket if line is not None else ""),
        entitlement=target.entitlement,
        scope=target.scope,
        resource=target.resource,
        actions=target.actions,
        recording=target.recording,
        justification=line.justification if line is not None else "",
    )


def _holder(template: str) -> re.Pattern[str] | None:
    if not template:
        return None
    before, _, after = template.strip("/").partition(_HOLDER)
    return re.compile(f"{re.escape(before)}([^/]+){re.escape(after)}")


def _held_by(path: str, target: Target) -> str:
    if target.holder is None:
        return ""
    match = target.holder.fullmatch(path)
    if match is None:
        raise ValueError("its path does not fit the template that tells who holds it")
    return match[1]
