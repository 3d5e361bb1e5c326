"""Mutations of requests: what a careless or hostile caller makes of an honest one."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.fuzz.cast import AGENTS, MACHINES, PEOPLE
from tests.oracle.values import loads

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.wallet import Wallet

_ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    7,
    -1,
    loads("1.0"),
    loads("1e2"),
    loads("0.1"),
    loads("-0"),
    10**30,
    10**12,
    loads("999999999999.999999"),
    loads("0.0000001"),
    loads("1e-30"),
    loads("0.000001"),
    "",
    " ",
    "*",
    "__proto__",
    "constructor",
    "7",
    "10",
    [],
    {},
    [None],
    ["x"],
    {"*": True},
    {"__proto__": {"pass": True}},
    "x" * 5_000,
    "\u0000",
    "a|b|c",
    "a@b",
    "#pay@*",
)
_KINDS = ("pep", "jwt-svid", "x509-svid", "access-token", "kubernetes", "github", "txn-token", "wit", "none")


def mutate(random: Random, request: Any, wallet: Wallet) -> Any:
    """A changed copy of ``request``; now and then no object at all."""
    if random.random() < 0.02:
        return random.choice(_ODD)
    request = deepcopy(request)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        random.choice(_CHANGES)(random, request, wallet)
    return request


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    found: list[tuple[Any, Any]] = []
    steps = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for step in steps:
        found.append((value, step))
        found += places(value[step])
    return found


def _remove(random: Random, request: Any, _: Wallet) -> None:
    if found := places(request):
        where, name = random.choice(found)
        del where[name]


def _replace(random: Random, request: Any, _: Wallet) -> None:
    if found := places(request):
        where, name = random.choice(found)
        where[name] = deepcopy(random.choice(_ODD))


def _retext(random: Random, request: Any, _: Wallet) -> None:
    found = [(where, name) for where, name in places(request) if isinstance(where[name], str) and where[name]]
    if found:
        where, name = random.choice(found)
        where[name] = _lookalike(random, where[name])


def _renumber(random: Random, request: Any, _: Wallet) -> None:
    found = [(where, name) for where, name in places(request) if isinstance(where[name], int)]
    if found:
        where, name = random.choice(found)
        value = where[name]
        where[name] = random.choice(
            [str(value), loads(f"{int(value)}.0"), -int(value) - 1, [value], None, loads("1e3")]
        )


def _add(random: Random, request: Any, _: Wallet) -> None:
    containers = [request, *(where[name] for where, name in places(request))]
    objects = [one for one in containers if isinstance(one, dict)]
    if objects:
        name = random.choice(["extra", "__proto__", "*", "", "x" * 300, "type", "id", "pep", "parents", "properties"])
        random.choice(objects)[name] = deepcopy(random.choice(_ODD))


def _permute(random: Random, request: Any, _: Wallet) -> None:
    for where, name in places(request):
        if isinstance(where[name], list):
            random.shuffle(where[name])


def _other_subject(random: Random, request: Any, _: Wallet) -> None:
    if isinstance(request, dict) and isinstance(request.get("subject"), dict):
        request["subject"]["id"] = random.choice([*PEOPLE, *MACHINES, *AGENTS])


def _other_credential(random: Random, request: Any, wallet: Wallet) -> None:
    context = request.get("context") if isinstance(request, dict) else None
    if isinstance(context, dict):
        shown = random.choice(random.choice(list(wallet.shown.values())))
        context["credential"] = dict(shown.credential)
        if random.random() < 0.3:
            context["credential"]["kind"] = random.choice(_KINDS)


def _tamper(random: Random, request: Any, _: Wallet) -> None:
    credential = request.get("context") if isinstance(request, dict) else None
    credential = credential.get("credential") if isinstance(credential, dict) else None
    if isinstance(credential, dict):
        texts = [name for name, value in credential.items() if isinstance(value, str) and value]
        if texts:
            name = random.choice(texts)
            value = credential[name]
            position = random.randrange(len(value))
            credential[name] = random.choice(
                [value[:position] + "A" + value[position + 1 :], value + ".", value[:position], value + "="]
            )


def _other_pep(random: Random, request: Any, _: Wallet) -> None:
    context = request.get("context") if isinstance(request, dict) else None
    if isinstance(context, dict):
        context["pep"] = random.choice(["gate", "proxy", "bare", "old-app", "prod-gate", "narrow", "Gate", ""])


def _other_approval(random: Random, request: Any, _: Wallet) -> None:
    context = request.get("context") if isinstance(request, dict) else None
    if isinstance(context, dict):
        context["mandate"] = f"m-{random.randrange(10)}"
        context["uses"] = random.choice(
            [{}, {"e-1": "0"}, {"a-1": -1}, [0], {f"e-{number}": 0 for number in range(40)}]
        )


def _lookalike(random: Random, value: str) -> str:
    swaps = {"a": "\u0430", "e": "e\u0301", "o": "\u03bf", "i": "\u0131", "p": "\uff50"}
    options = [
        value.upper(),
        value.capitalize(),
        f"{value} ",
        f" {value}",
        f"{value}\n",
        f"{value}\u200b",
        f"{value}\u0000",
    ]
    options += [value.replace(old, new, 1) for old, new in swaps.items() if old in value]
    options += [value[::-1], value + value, value[:-1], "%2e%2e/" + value]
    return random.choice(options)


_CHANGES = (
    _remove,
    _remove,
    _replace,
    _replace,
    _retext,
    _retext,
    _renumber,
    _add,
    _permute,
    _other_subject,
    _other_credential,
    _tamper,
    _other_pep,
    _other_approval,
)
