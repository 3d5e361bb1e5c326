package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   The subject as the IGA knows it: status, type, environment, system and responsible people, which are
#   the manager of a person, and owners and sponsor of anything else. The document holds it as one string,
#   `status|type|environment|system|name,name`, which takes a fifth of the memory.
identity := split(data.iga.identities[input.subject.id], "|")

# METADATA
# description: >-
#   Of the people who answer for the subject, which is no person, and are active, the one who can be relied
#   on longest, as `[until, name]`.
owner := max([[until, name] |
	some name in split(identity[4], ",")
	counted := person_until(name)
	[_, _, _, system, _] := split(data.iga.identities[name], "|")
	until := min([iga_until(system), counted])
])

# METADATA
# description: >-
#   Until when the listing of an IGA system may be relied on for this action; 0 if its clock is wrong. In
#   an emergency as long as break-glass allows, whatever its own end.
iga_until(system) := min(ends) if {
	emergency == false
	observed_at := data.iga.snapshots[system].observed_at
	observed_at <= latest
	ends := [data.iga.snapshots[system].expires_at, observed_at + ages.iga]
	is_number(max(ends)) # text sorts after numbers, so that `min` would pass over it
} else := _emergency_iga_until(system) if {
	emergency == true
} else := 0
