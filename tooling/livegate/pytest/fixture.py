"""What a test holds in its hand: the policy as it ships, its clock, and an organisation to change."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from livegate.errors import ConfigError, LivegateError
from livegate.model.instants import MINUTE, from_ns, parse, show, to_ns
from livegate.model.records import RevocationKind
from livegate.pipeline.revoke import target_of
from livegate.pytest.decision import Decision, decision_of
from livegate.pytest.here import Here
from livegate.regression.giving import added
from livegate.regression.overlay import KINDS
from livegate.regression.reading import instant_of, near

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from livegate.pytest.front import Fault
    from livegate.pytest.world import World
    from livegate.secrets import Secret

Moment = str | datetime
"""RFC 3339, an offset such as ``+2h`` or ``-1ns`` from the population's instant, or an aware datetime."""

_OFFSET = re.compile(r"[+-](\d+(ns|us|ms|s|m|h|d))+")
_PATCHED = ("catalog", "config")
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Asked:
    """One question of the application, by HTTP or by :meth:`Livegate.decide`, and its answer."""

    request: Any
    decision: Decision

    def __repr__(self) -> str:
        """Without the credential: what a failed assertion shows is kept by CI servers."""
        return f"<{_line(self.request)} {self.decision!r}>"


class Livegate:
    """The fixture. Each test begins with the plain population and its clock at the population's instant.

    Attributes:
        url: what the application is configured with, without a path. token: for its Authorization header.
    """

    def __init__(self, world: World, *, url: str, token: Secret) -> None:
        self.url, self._token = url, token
        self.fault: Fault | None = None
        self._world, self._given, self._instant = world, world.given, world.start
        self._asked: list[Asked] = []
        self._undecided: list[str] = []
        self._lock = threading.Lock()
        self._number = 0

    # -- the clock ---------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """Where the clock stands (UTC), for :meth:`decide` and for what the application asks."""
        return from_ns(self._instant)

    def at(self, moment: Moment) -> datetime:
        """The time that ``moment`` names, to compare with. Raises ConfigError where it names none."""
        return from_ns(self._ns(moment))

    def freeze(self, moment: Moment) -> None:
        """Let the clock stand at ``moment``. Data ages as where no sync succeeds any more; :meth:`sync` is one.

        Raises:
            ConfigError: it names no time.
        """
        self._instant = self._ns(moment)

    # -- decisions ---------------------------------------------------------------------------------------------------

    @property
    def token(self) -> str:
        """What the application shows: ``Authorization: Bearer <token>``."""
        return self._token.reveal()

    @property
    def asked(self) -> tuple[Asked, ...]:
        """All that was asked in this test, the application's questions too, in order."""
        with self._lock:
            return tuple(self._asked)

    def decide(self, request: Any) -> Decision:
        """OPA's decision on an AuthZEN evaluation request.

        Raises:
            LivegateError: OPA gave no decision, or a change of this test cannot be made.
        """
        return self._decided(request)

    def allow(self, request: Any) -> Decision:
        """The decision, which must be to allow; else the assertion shows each gate and reason."""
        __tracebackhide__ = True
        decision = self._decided(request)
        if not decision.allowed:
            self._fail("allowed", request, decision)
        return decision

    def deny(self, request: Any, *reasons: str) -> Decision:
        """The decision, which must be to deny, for exactly these reasons where any are named."""
        __tracebackhide__ = True
        decision = self._decided(request)
        if decision.allowed or (reasons and decision.reasons != frozenset(reasons)):
            self._fail(f"denied for {', '.join(sorted(reasons)) or 'whatever reason'}", request, decision)
        return decision

    def answer(self, request: Any) -> dict[str, Any]:
        """As OPA would answer; what the address of the application is made of. Raises LivegateError."""
        try:
            return dict(self._decided(request).answer)
        except LivegateError as error:  # the application is answered 500: only here can its test learn why
            with self._lock:
                self._undecided.append(f"{_line(request)}\nNO DECISION, answered with 500: {error}")
            raise

    @contextlib.contextmanager
    def broken(self, fault: Fault = "away") -> Iterator[None]:
        """While inside, the application gets no decision: an application that goes on then is open.

        ``away``: connections end without an answer. ``error``: 500. ``undefined``: 200 without a result, as from an
        OPA that has no policy yet. ``garbage``: 200 from something that is no OPA.
        """
        before, self.fault = self.fault, fault
        try:
            yield
        finally:
            self.fault = before

    # -- the organisation --------------------------------------------------------------------------------------------

    def identity(self, id: str, type: str = "human", **facts: Any) -> str:  # noqa: A002  # the words of the model
        """Let the IGA know this identity, active if nothing else is said; of one that it knows, put in its place.

        ``facts``: ``status``, ``owners``, ``sponsor``, ``manager``, ``names``, ``environment``, ``user_name``.
        """
        return self._put("identities", {"status": "active", **facts, "id": id, "type": type})

    def grant(
        self,
        subject: str,
        entitlement: str,
        scope: str = "*",
        *,
        begins: Moment | None = None,
        ends: Moment | None = None,
        **facts: Any,
    ) -> str:
        """Give an entitlement on a scope; its id. ``facts``: ``id``, ``effect``, ``hold``, ``via``."""
        row = {"subject": subject, "entitlement": entitlement, "scope": scope, **facts}
        return self._put("grants", row | self._window(begins, ends))

    def forbid(self, subject: str, entitlement: str, scope: str = "*", **facts: Any) -> str:
        """A deny of an entitlement on a scope, which no grant outweighs; its id."""
        return self.grant(subject, entitlement, scope, effect="deny", **facts)

    def elevate(
        self,
        subject: str,
        *,
        entitlement: str | None = None,
        scope: str | None = None,
        resource: str | None = None,
        actions: Sequence[str] = (),
        approvers: Sequence[str] = (),
        requester: str | None = None,
        begins: Moment | None = None,
        ends: Moment = "+1h",
        **facts: Any,
    ) -> str:
        """Elevate for an entitlement on a scope, or for actions on a resource (``type:id``); its id.

        By itself it begins a minute before the population's instant, was asked for by ``subject``, and is recorded.
        ``facts``: ``id``, ``recording``, ``recording_ref``, ``session``, ``justification``, ``parameters``,
        ``max_uses``, and ``approval`` for what the approval says beside requester and approvers (such as ``ticket``).
        """
        if (entitlement is None) == (resource is None):
            raise ConfigError("names an entitlement on a scope, or actions on a resource", where="livegate.elevate")
        since = show(self._ns(begins) if begins is not None else self._world.start - MINUTE)
        what: dict[str, Any] = (
            {"resource": resource, "actions": list(actions)}
            if resource
            else {"entitlement": entitlement, "scope": scope or "*"}
        )
        row_id = facts.pop("id", None) or self._next("elevation")
        approval = {
            "id": f"{row_id}-approval",
            "requester": requester or subject,
            "approvers": list(approvers),
            "required": max(1, len(approvers)),
            "approved_at": since,
            **facts.pop("approval", {}),
        }
        usual = {"recording": "on", "session": f"{row_id}-recording", "justification": "for a test"}
        row = {**usual, **facts, "id": row_id, "subject": subject, **what, "not_before": since}
        return self._put("elevations", {**row, "expires_at": show(self._ns(ends)), "approval": approval})

    def mandate(
        self,
        agent: str,
        subject: str,
        *,
        tasks: Sequence[str],
        authorities: Sequence[Mapping[str, Any]],
        begins: Moment = "-1h",
        ends: Moment = "+1d",
        **facts: Any,
    ) -> str:
        """Commission an agent for a person; its id. ``facts``: ``id``, ``limits``, ``delegation``, ``parent`` …"""
        row = {"state": "active", "issuer": subject, **facts, "agent": agent, "subject": subject, "tasks": list(tasks)}
        return self._put("mandates", {**row, "authorities": list(authorities), **self._window(begins, ends)})

    def take(self, kind: str, *ids: str) -> None:
        """Let the sources list these no more. ``kind``: identities, grants, elevations, break_glass or mandates.

        Raises:
            ConfigError: no such kind. What nobody has is an error of the next decision.
        """
        if kind not in KINDS:
            raise ConfigError(f"{kind!r} is no kind of records", where="livegate.take", todo=near(kind, sorted(KINDS)))
        self._give({"without": {kind: list(ids)}})

    def change(self, root: str, patch: Mapping[str, Any]) -> None:
        """Patch ``config`` or ``catalog`` (RFC 7386: null takes a member out), such as a freeze or a floor."""
        if root not in _PATCHED:
            raise ConfigError(f"{root!r} cannot be patched", where="livegate.change", todo=near(root, list(_PATCHED)))
        self._give({"documents": {root: dict(patch)}})

    def revoke(
        self, kind: str, target: str, *, begins: Moment | None = None, issued_until: Moment | None = None
    ) -> None:
        """Revoke as ``livegate revoke`` does, from where the clock stands: ``revoke("subject", "alice")``.

        ``kind``: subject, session, token, credential, key, mandate or elevation.

        Raises:
            ConfigError: no such kind, or a target that is none of it.
        """
        known = [one.value for one in RevocationKind]
        if kind not in known:
            raise ConfigError(f"{kind!r} cannot be revoked", where="livegate.revoke", todo=near(kind, known))
        since = show(self._instant if begins is None else self._ns(begins))
        entry = {"kind": kind, "target": target_of(RevocationKind(kind), target), "from": since}
        if issued_until is not None:
            entry["issued_until"] = show(self._ns(issued_until))
        self._give({"revocations": [entry]})

    def sync(self) -> None:
        """Let the sources be read, and all be issued, where the clock stands: data is fresh again.

        Raises:
            ConfigError: the population's documents are given, so there is nothing to read again.
        """
        self._give({"synced": show(self._instant)})

    # -- proofs ------------------------------------------------------------------------------------------------------

    def credential(self, kind: str, issuer: str, **claims: Any) -> dict[str, Any]:
        """Mint a credential at the frozen instant, by an issuer that the population trusts.

        What comes back is a ``context.credential``; its ``token`` is what a client shows to the application. The key
        lives as long as the session. ``claims`` beside the usual ones, or instead; ``bound``, ``holder``,
        ``connection`` and the like are what they are in a suite.

        Raises:
            ConfigError: the population trusts no such issuer.
        """
        asked = {name: claims.pop(name) for name in _OF_CREDENTIAL & claims.keys()}
        made = self._world.issuers.equip(
            {}, {"kind": kind, "issuer": issuer, "claims": claims, **asked}, None, now=self._instant
        )
        credential: dict[str, Any] = made["context"]["credential"]
        return credential

    def signed(self, request: Mapping[str, Any], pep: str) -> dict[str, Any]:
        """The request with the signature of an enforcement point in ``context.signature``. Raises ConfigError."""
        signed: dict[str, Any] = self._world.issuers.equip(dict(request), None, {"pep": pep}, now=self._instant)
        return signed

    # -- what a failed test shows ------------------------------------------------------------------------------------

    def told(self) -> str:
        """What was asked and decided in this test, for a person; of the last ones only, with the gates of denials."""
        asked = self.asked
        parts = [f"{len(asked) - _SHOWN} earlier ones are left out"] if len(asked) > _SHOWN else []
        parts += [f"{_line(one.request)}\n{one.decision.explained()}" for one in asked[-_SHOWN:]]
        with self._lock:
            return "\n\n".join([*parts, *self._undecided[-_SHOWN:]])

    def _decided(self, request: Any) -> Decision:
        given, instant = self._given, self._instant
        answer = self._world.answer(request, instant, given)
        gates = {} if answer["decision"] else self._world.gates(request, instant, given)
        decision = decision_of(answer, gates)
        with self._lock:
            self._asked.append(Asked(request=request, decision=decision))
        return decision

    def _fail(self, expected: str, request: Any, decision: Decision) -> NoReturn:
        __tracebackhide__ = True
        raise AssertionError(f"expected to be {expected}:\n{_line(request)}\n{decision.explained()}")

    def _put(self, kind: str, row: dict[str, Any]) -> str:
        given = {name: value for name, value in row.items() if value is not None}
        given.setdefault("id", self._next(kind))
        self._give({"with": {kind: [given]}})
        return str(given["id"])

    def _give(self, entry: Mapping[str, Any]) -> None:
        self._given = added(self._given, entry, self._world.start, _HERE, ())

    def _window(self, begins: Moment | None, ends: Moment | None) -> dict[str, str]:
        named = {"not_before": begins, "expires_at": ends}
        return {name: show(self._ns(moment)) for name, moment in named.items() if moment is not None}

    def _next(self, kind: str) -> str:
        self._number += 1
        return f"test-{kind}-{self._number}"

    def _ns(self, moment: Moment) -> int:
        if isinstance(moment, datetime):
            try:
                return to_ns(moment)
            except ValueError as error:
                raise ConfigError(str(error), where="livegate") from error
        if _OFFSET.fullmatch(moment):
            return instant_of(moment, self._world.start, _HERE, ())
        try:
            return parse(moment)
        except ValueError as error:
            raise ConfigError(str(error), where="livegate", todo="RFC 3339, or an offset such as +2h") from error


_OF_CREDENTIAL = frozenset({"header", "key_of", "bound", "holder", "proof", "leaf", "connection", "forged", "replace"})


_HERE = Here("livegate")


def _line(request: Any) -> str:
    """Who does what to what; of a request that does not say so, its beginning."""
    try:
        subject, resource = request["subject"], request["resource"]
        text = f"{subject['type']}:{subject['id']} {request['action']['name']} {resource['type']}:{resource['id']}"
        context = {name: value for name, value in request.get("context", {}).items() if name not in _HIDDEN}
    except (TypeError, KeyError, AttributeError):
        return repr(request)[:200]
    return f"{text} {json.dumps(context, ensure_ascii=False, default=repr)}"[:400]


_HIDDEN = frozenset({"credential", "signature"})
"""Never shown: a failed test's output is kept by CI servers."""
