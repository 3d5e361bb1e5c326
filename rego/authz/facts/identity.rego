package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   The subject as the IGA knows it: status, type, environment, system and owners. The document holds
#   it as one string, `status|type|environment|system|owner,owner`, which takes a fifth of the memory.
identity := split(data.iga.identities[input.subject.id], "|")

# METADATA
# description: >-
#   Of the people who answer for the subject and are active, the one whose listing can be relied on
#   longest, as `[until, owner]`.
owner := max([[until, name] |
	some name in split(identity[4], ",")
	[status, type, _, system, _] := split(data.iga.identities[name], "|")
	status == "active"
	type == "human"
	until := iga_until(system)
])

# METADATA
# description: Until when the listing of an IGA system may be relied on for this action; 0 if its clock is wrong.
iga_until(system) := min(ends) if {
	data.iga.snapshots[system].observed_at <= latest
	ends := [
		data.iga.snapshots[system].expires_at,
		data.iga.snapshots[system].observed_at + ages.iga,
	]
	is_number(max(ends)) # text sorts after numbers, so that `min` would pass over it
} else := 0
