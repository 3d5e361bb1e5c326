"""Whether an Ed25519 public key is a point for which nobody needs a private key (RFC 8032, 5.1).

A library loads any 32 bytes as such a key. Those that decode to no point verify nothing; eight small points
verify signatures that anybody can make, so a set that lists one would open to everybody.
"""

from __future__ import annotations

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)


def is_weak(octets: bytes) -> bool:
    """Whether these 32 bytes are no point of the curve, or one of order 1, 2, 4 or 8."""
    point = _decoded(octets)
    if point is None:
        return True
    for _ in range(3):  # eight times a point of small order is the neutral one
        point = _doubled(*point)
    return point == (0, 1)


def _decoded(octets: bytes) -> tuple[int, int] | None:
    """x and y of an encoded point (RFC 8032, 5.1.3), or none."""
    number = int.from_bytes(octets, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _P:
        return None
    squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(squared, (_P + 3) // 8, _P)
    if (x * x - squared) % _P:
        x = x * _ROOT % _P
    if (x * x - squared) % _P or (x == 0 and sign):
        return None
    return (x if x & 1 == sign else _P - x), y


def _doubled(x: int, y: int) -> tuple[int, int]:
    """Twice a point; its denominators are never 0 on this curve."""
    product = _D * x * x * y * y % _P
    return (
        2 * x * y * pow(1 + product, -1, _P) % _P,
        (y * y + x * x) * pow(1 - product, -1, _P) % _P,
    )
