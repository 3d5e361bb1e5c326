package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   The instant from which a revocation hits what was issued at `issued`; `never` if it does not. It hits
#   what was issued at or before its `issued_until`, its `from` where it has none, and whatever nobody
#   knows the issue of (`issued` is no number). One that does not say from when hits always.
effective(revocation, issued) := revocation.from if {
	is_number(revocation.from)
	_covers(revocation, issued)
} else := never if {
	is_number(revocation.from)
} else := 0

_covers(_, issued) if not is_number(issued)

_covers(revocation, issued) if issued <= object.get(revocation, "issued_until", revocation.from)

# An end of cover that nobody can read is no end.
_covers(revocation, _) if not is_number(object.get(revocation, "issued_until", revocation.from))

# METADATA
# description: The instant from which an elevation or a break-glass activation is revoked; `never` if it is not.
elevation_withdrawn(id) := effective(revocation, null) if {
	revocation := data.revocations.elevations[id]
} else := never
