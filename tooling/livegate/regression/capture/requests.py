"""Requests under other names, place by place.

What may stay is listed: words of the catalogue (types, actions, entitlements, environments, parameters), times and
numbers. Every other text gets a name, whatever it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.documents.digest import parameter_digest
from livegate.model.records import IdentityType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from livegate.regression.capture.pseudonyms import Pseudonyms

_PERSON = "identity"
_PLAIN = ("pep", "session", "task", "tool", "mandate")


class Requests:
    """Renames the requests of one capture, and what they share with its documents.

    Args:
        names: gives them out. types: identity → its type, so that a person gets a person's name.
        tickets: whether tickets keep their form, because the catalogue asks for one.
    """

    def __init__(self, names: Pseudonyms, types: Mapping[str, str], *, tickets: bool) -> None:
        self._names, self._types, self._tickets = names, types, tickets
        self._digests: dict[str, str] = {}

    def learn(self, request: Any) -> None:
        """See a request's parameters: their digest, where a document has it, becomes that of the renamed ones."""
        action = request.get("action") if isinstance(request, dict) else None
        properties = action.get("properties", {}) if isinstance(action, dict) else {}
        if isinstance(properties, dict):
            self._digests[parameter_digest(properties)] = parameter_digest(self._properties(properties))

    def request(self, value: Any) -> Any:
        """A request under other names; what has no form that is known has none in here either."""
        if not isinstance(value, dict):
            return self._value(value)
        made = self._rest(value, *_PARTS)
        for part, rename in _PARTS.items():
            if isinstance(inner := value.get(part), dict):
                made[part] = rename(self, inner)
        return _in_order(made, value)

    def _subject(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = self._rest(value, "type", "id")
        if isinstance(value.get("type"), str):
            made["type"] = self._type(value["type"])
        if isinstance(value.get("id"), str):
            made["id"] = self.identity(value["id"])
        return _in_order(made, value)

    def _action(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = self._rest(value, "name", "properties")
        if isinstance(value.get("name"), str):
            made["name"] = self._names.word("action", value["name"])
        if isinstance(value.get("properties"), dict):
            made["properties"] = self._properties(value["properties"])
        return _in_order(made, value)

    def _resource(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = self._rest(value, "type", "id", "properties")
        self._typed(made, value)
        properties = value.get("properties")
        if isinstance(properties, dict):
            made["properties"] = self._rest(properties, "parents")
            parents = properties.get("parents")
            if isinstance(parents, list):
                named = [self.scope(one) if isinstance(one, str) else self._value(one) for one in parents]
                made["properties"]["parents"] = named
        return _in_order(made, value)

    def _typed(self, made: dict[str, Any], value: Mapping[str, Any]) -> None:
        """The type and id of a resource."""
        kind, name = value.get("type"), value.get("id")
        if isinstance(kind, str):
            made["type"] = self._names.word("type", kind)
        if isinstance(name, str):
            made["id"] = self._resource_id(kind if isinstance(kind, str) else "resource", name)

    def _rest(self, value: Mapping[str, Any], *known: str) -> dict[str, Any]:
        """The members that are not looked at one by one, and known ones that are neither text, object nor list."""
        return {
            self._member(name): self._value(inner)
            for name, inner in value.items()
            if name not in known or not isinstance(inner, str | dict | list)
        }

    def _context(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, inner in value.items():
            if name in _PLAIN and isinstance(inner, str):
                made[name] = self._names.of(name, inner)
            elif name == "ticket" and isinstance(inner, str):
                made[name] = self._ticket(inner)
            elif name == "environment" and isinstance(inner, str):
                made[name] = self._names.word("environment", inner)
            elif name == "credential" and isinstance(inner, dict):
                made[name] = {"kind": inner["kind"]} if inner.get("kind") == "pep" else self._value(inner)
            elif name == "chain" and isinstance(inner, dict):
                made[name] = self._chain(inner)
            elif name == "history" and isinstance(inner, list):
                made[name] = [self._happened(one) for one in inner]
            elif name == "uses" and isinstance(inner, dict):
                made[name] = {self._names.of("elevation", one): self._value(used) for one, used in inner.items()}
            elif name == "counters" and isinstance(inner, dict):
                made[name] = {self._names.word("counter", one): self._value(used) for one, used in inner.items()}
            elif name == "confirmations" and isinstance(inner, list):
                made[name] = [self.identity(one) if isinstance(one, str) else self._value(one) for one in inner]
            elif name == "conditions" and isinstance(inner, dict):
                made[name] = {self._names.word("condition", one): self._value(given) for one, given in inner.items()}
            else:
                made[self._member(name)] = self._value(inner)
        return made

    def _chain(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = self._rest(value, "id", "history")
        if isinstance(value.get("id"), str):
            made["id"] = self._names.of("chain", value["id"])
        if isinstance(value.get("history"), list):
            made["history"] = [self._happened(one) for one in value["history"]]
        return _in_order(made, value)

    def _happened(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return self._value(value)
        made = self._rest(value, "subject", "type", "id")
        if isinstance(value.get("subject"), str):
            made["subject"] = self.identity(value["subject"])
        self._typed(made, value)
        return _in_order(made, value)

    def _properties(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {self._names.word("parameter", name): self._value(inner) for name, inner in value.items()}

    def _value(self, value: Any) -> Any:
        """Any value: texts get names unless the catalogue knows them, numbers and truth values stay."""
        if isinstance(value, dict):
            return {self._member(name): self._value(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._value(inner) for inner in value]
        return self._names.word("value", value) if isinstance(value, str) and value else value

    def _member(self, name: str) -> str:
        return name if name in _MEMBERS else self._names.word("member", name)

    def identity(self, text: str) -> str:
        """The name of an identity, by its type where that is known."""
        kind = self._types.get(text, _PERSON).replace("_", "-")
        return self._names.of(_PERSON, text, kind=kind) if text else text

    def scope(self, text: str) -> str:
        """``type:id`` or ``*``."""
        kind, colon, name = text.partition(":")
        if not colon:
            return text if text == "*" else self._names.word("scope", text)
        return f"{self._names.word('type', kind)}:{self._resource_id(kind, name)}"

    def key(self, text: str) -> str:
        """``entitlement@scope`` or ``#action@scope``."""
        what, at, scope = text.partition("@")
        sign = "#" if what.startswith("#") else ""
        named = self._names.word("action" if sign else "entitlement", what.removeprefix("#"))
        return f"{sign}{named}{at}{self.scope(scope)}"

    def _resource_id(self, kind: str, text: str) -> str:
        return self._names.of(f"resource {kind}", text, kind=self._names.word("type", kind)) if text else text

    def _ticket(self, text: str) -> str:
        if not text:
            return text
        return self._names.like("ticket", text) if self._tickets else self._names.of("ticket", text)

    def _type(self, text: str) -> str:
        return text if text in _TYPES else self._names.word("type", text)

    def _digest(self, text: str) -> str:
        if text not in self._digests:
            self._digests[text] = parameter_digest({"other": self._names.of("parameters", text)})
        return self._digests[text]


_PARTS: dict[str, Callable[[Requests, Mapping[str, Any]], dict[str, Any]]] = {
    "subject": Requests._subject,
    "action": Requests._action,
    "resource": Requests._resource,
    "context": Requests._context,
}
_MEMBERS = frozenset(
    (
        *("subject", "action", "resource", "context", "type", "id", "name", "properties", "parents"),
        *("credential", "kind", "history", "chain", "signature"),
    )
)
_TYPES = frozenset(IdentityType)


def _in_order(made: dict[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Members in the order in which they stood, those that got other names at the end."""
    return {**{name: made[name] for name in like if name in made}, **made}
