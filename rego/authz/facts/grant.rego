package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   The grant that is relied on, as `[until, key, system, id, end, via, elevation]`: a standing one before one
#   that an elevation activates, because it needs no PAM, and of several the one that can be relied on longest.
#   `elevation` is the id of the one that activates an eligible grant, empty for a standing one.
grant := standing if {
	# an else needs a body before it
	# regal ignore:prefer-value-in-head
	standing := max([held |
		some held in grants
		held[6] == ""
		now < held[0]
	])
} else := max(grants)

# METADATA
# description: >-
#   The subject's live grants that reach this action on this resource. The document holds a grant as
#   one string, `system|id|end|start|hold|via`; end and start are epoch seconds of ten digits, so
#   that comparing them as text with the digits of `now` is comparing them as numbers.
grants := [[until, key, system, id, end, via, elevation] |
	some key in grant_keys
	[system, id, end, start, hold, via] := split(data.iga.grants[input.subject.id][key], "|")
	start <= now_digits
	now_digits < end
	[held_until, elevation] := _held(hold, key)
	until := min([to_number(end) * 1000000000, iga_until(system), held_until])
]

# METADATA
# description: The keys under which a grant, a deny or an elevation of this action would be found.
grant_keys := [concat("@", [entitlement, scope]) |
	some entitlement in data.catalog.permits[input.resource.type][input.action.name]
	some scope in scopes
]

# A standing grant is held as it is, an eligible one while an approved elevation of that same
# entitlement lasts. The PAM says how many had to approve that; the catalogue only of privileged actions.
_held("", _) := [never, ""]

_held("eligible", key) := max([[until, id] |
	some [end, id, elevation, bounds] in elevations
	key in elevation.keys
	counted := counted_until(id, elevation, bounds, 0, [key])
	until := min([end, counted, pam_until(elevation.system)])
])
