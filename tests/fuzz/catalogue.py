"""The catalogue of a world: two applications, a few actions with everything the catalogue may ask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fuzz.cast import START
from tests.fuzz.maker import NOW, SECOND

if TYPE_CHECKING:
    from tests.fuzz.maker import Maker

ENTITLEMENTS = ("app:one", "app:two", "app:three")
TYPES = {"payment": ("read", "pay", "approve"), "database": ("query", "dump", "drop")}
LABELS = ("reads_personal_data", "sends_outside", "irreversible")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ZONES = ("UTC", "Europe/Vienna", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe")


def catalogue(maker: Maker) -> dict[str, Any]:
    """Everything but the stamp."""
    random = maker.random
    actions = {type_: {name: _action(maker, type_, name) for name in names} for type_, names in TYPES.items()}
    permits = {
        type_: {name: random.sample(ENTITLEMENTS, random.choice([1, 2, 2])) for name in names}
        for type_, names in TYPES.items()
    }
    applications: dict[str, Any] = {
        "ledger": {"title": "L", "owner": "carol"},
        "orders": {"title": "O", "owner": "alice"},
    }
    for application in applications.values():
        if random.random() < 0.98:
            application["environment"] = random.choice(["prod"] * 25 + ["staging"])
        if random.random() < 0.6:
            application["profile"] = random.choice(["old", "old", "missing"])
    old = {"payment": {"read": True, "pay": True}, "database": dict.fromkeys(random.sample(TYPES["database"], 2), True)}
    combinations = {
        f"c{n}": {"title": "C", "after": random.choice(LABELS), "then": random.choice(LABELS)} for n in range(2)
    }
    return {
        "applications": applications,
        "entitlements": {name: {"application": "ledger", "title": "E"} for name in ENTITLEMENTS},
        "actions": actions,
        "permits": permits,
        "resources": {
            "database:main": {"environment": "prod", "parents": ["account:prod"]},
            "database:spare": random.choice([{}, {"environment": "staging"}, {"parents": ["account:prod", "team:x"]}]),
        },
        "combinations": {
            name: combinations[name] for name in random.sample(sorted(combinations), random.choice([0, 1, 2]))
        },
        "freezes": _freezes(maker),
        "profiles": {"old": {"pep": "old-app", "actions": old, "valid_for": random.choice([1, 30, 900]) * SECOND}},
    }


def _action(maker: Maker, type_: str, name: str) -> dict[str, Any]:
    random = maker.random
    privileged = name in {"approve", "dump", "drop"}
    action: dict[str, Any] = {
        "application": "ledger" if type_ == "payment" else "orders",
        "tier": random.choice(["low", "low", "standard", "standard", "high", "high", "critical"]),
        "privileged": privileged,
        "context": random.choice([[], [], ["session"], ["session", "ticket"], ["task"]]),
    }
    if random.random() < 0.15:
        action["proofs"] = dict.fromkeys(
            random.sample(["pep", "jwt-svid", "access-token", "x509-svid", "wit"], 3), True
        )
    if random.random() < 0.5:
        action["labels"] = dict.fromkeys(random.sample(LABELS, random.choice([1, 2])), True)
    if random.random() < 0.5:
        action["mandate"] = {"approval": random.random() < 0.5}
    if random.random() < 0.4:
        action["limits"] = _limits(maker)
    if random.random() < 0.1:
        action["mask_fields"] = ["iban"]
    if privileged:
        action["elevation"] = {
            "approvals": random.choice([0, 1, 1, 2]),
            "recording": random.random() < 0.3,
            "break_glass": random.random() < 0.7,
        }
        for extra, chance in (("session", 0.2), ("ticket", 0.2), ("incident", 0.4), ("dual_control", 0.4)):
            if random.random() < chance:
                action["elevation"][extra] = random.random() < 0.7
    return action


def constraint(maker: Maker) -> dict[str, Any]:
    """A constraint on the parameter ``amount``, mostly met by what requests say."""
    random = maker.random
    options: list[dict[str, Any]] = [
        {"max": 500},
        {"max": 10, "min": 10},
        {"max": 499},
        {"min": 10, "required": False},
        {"one_of": [10, 500, "ten"]},
        {"equals": 10},
        {"required": True},
        {"required": False},
        {"equals": "10", "required": False},
    ]
    return random.choice(options)


def _limits(maker: Maker) -> dict[str, Any]:
    random = maker.random
    limits: dict[str, Any] = {}
    if random.random() < 0.3:
        limits["parameters"] = {"amount": constraint(maker)}
        if maker.rare():
            limits["parameters"]["currency"] = {"one_of": ["EUR", "CHF"], "required": random.random() < 0.5}
    if random.random() < 0.25:
        limits["counters"] = {"calls": random.choice([1, 5, 100, 100])} | ({"amount": 1_000} if maker.rare() else {})
    if random.random() < 0.25:
        limits["windows"] = [_window(maker) for _ in range(random.choice([1, 2, 2]))]
    if random.random() < 0.4:
        limits["freezes"] = random.random() < 0.85
    if random.random() < 0.2:
        limits["separation"] = random.sample(["pay", "create", "approve"], 2)
    if random.random() < 0.15:
        limits["persons"] = random.choice([2, 2, 3])
    if random.random() < 0.15:
        limits["ticket"] = random.choice(["CHG-[0-9]+", "CHG", "[A-Z]+-1|x"])
    if random.random() < 0.2:
        limits["conditions"] = {"device": {"one_of": ["managed", "known"]}}
    return limits or {"freezes": True}


def _window(maker: Maker) -> dict[str, Any]:
    random = maker.random
    zone = random.choice(_ZONES)
    minute = (START // 60) % 1_440  # 08:00 UTC; the zones' own offsets make some of them closed
    start, end = random.choice(
        [(0, 1_440), (minute, minute + 1), (minute - 60, minute), (0, 720), (480, 1_020), (540, 545), (180, 240)]
    )
    days = random.choice([list(_DAYS), list(_DAYS), ["Friday"], ["Friday", "Saturday"], ["Monday"]])
    return {"zone": zone, "days": days, "from": start, "to": end}


def _freezes(maker: Maker) -> dict[str, Any]:
    random = maker.random
    found: dict[str, Any] = {}
    for number in range(random.choice([0, 0, 1, 2])):
        start = NOW + random.choice([-7_200, -3_600, -20, 10, 40, 600]) * SECOND
        freeze: dict[str, Any] = {"title": "F", "from": start, "to": start + random.choice([10, 60, 3_000]) * SECOND}
        if random.random() < 0.6:
            freeze["environments"] = {random.choice(["prod", "staging"]): True}
        found[f"f{number}"] = freeze
    return found
