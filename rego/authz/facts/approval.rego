package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   Until when an elevation counts for one of `keys`, as far as those who approved it go; undefined if it
#   does not count. Enough people did who have no part in it: as many as the PAM asked for, and no fewer
#   than `least`. Their approval has not ended, was given for this, and is not used up. Of a requester
#   whom nobody knows, nobody can say that the approvers are others.
counted_until(id, elevation, bounds, least, keys) := relied_on[count(others) - needed][0] if {
	requester_known(elevation)
	now < elevation.approved_until
	least >= 0 # false of null, than which any number is more
	elevation.required >= 0
	needed := max([least, elevation.required])
	is_number(needed) # text is more than any number
	_for_this(id, elevation, bounds, keys)
	behind := involved(elevation.requester)
	others := {[until, approver] |
		some approver in elevation.approvers
		not approver in behind
		until := person_until(approver) # so that it is no service, which is not behind itself
		superiors(approver) & behind == set()
	}

	# The count ends with the approval that it can least do without, of those that last longest.
	relied_on := array.concat(sort(others), [[never]])
}

# METADATA
# description: The PAM says who requested the elevation, and the IGA lists that identity.
# scope: document
requester_known(elevation) if {
	elevation.requester != ""
	_type_of(elevation.requester)
}

# METADATA
# description: >-
#   Who approved is another than the subject and the requester and than the people behind them, and none
#   of those people is his superior.
independent(approver, requester) if {
	behind := involved(requester)
	not approver in behind
	not approver in {"", input.subject.id, requester}
	superiors(approver) & behind == set()
}

# METADATA
# description: >-
#   The people behind the subject and the requester, and whom an agent acts for, as a set of ids.
involved(requester) := _behind_subject if {
	requester == input.subject.id
} else := _behind_subject | persons(requester)

# METADATA
# description: The record names no parameters, or those of this request.
# scope: document
for_parameters(record) if not _bears(record, "parameters")

for_parameters(record) if record.parameters == digest

# METADATA
# description: >-
#   As far as the PAM says what was approved, it was for this subject, one of `keys` that the elevation is
#   for too, and these parameters.
# scope: document
approved_for(elevation, _) if not _bears(elevation, "approved")

approved_for(elevation, keys) if {
	is_object(elevation.approved)
	object.get(elevation.approved, "subject", input.subject.id) == input.subject.id
	for_parameters(elevation.approved)
	approved_keys := object.get(elevation.approved, "keys", elevation.keys)
	some key in approved_keys
	key in elevation.keys
	key in keys
}

# METADATA
# description: The elevation may be used any number of times, or was used fewer times than it may be.
# scope: document
unspent(_, elevation) if not _bears(elevation, "max_uses")

unspent(id, elevation) if {
	uses_known(id, elevation)
	used(id) < elevation.max_uses
}

# METADATA
# description: An enforcement point that may says how often the elevation was used, or nobody needs to know.
# scope: document
uses_known(_, elevation) if not _bears(elevation, "max_uses")

uses_known(id, elevation) if {
	is_number(elevation.max_uses)
	used(id) >= 0
}

# METADATA
# description: The parts of the request that an elevation is held against, beyond those that every decision depends on.
elevation_parts(elevation) := [part |
	some part in ["action.properties", "context.uses"]
	_held_against(part, elevation)
]

_held_against("action.properties", elevation) if _bears(elevation, "parameters")

_held_against("action.properties", elevation) if _bears(elevation.approved, "parameters")

_held_against("context.uses", elevation) if _bears(elevation, "max_uses")

_for_this(_, _, {}, _) := true

_for_this(id, elevation, _, keys) if {
	for_parameters(elevation)
	approved_for(elevation, keys)
	unspent(id, elevation)
}

_behind_subject := {input.subject.id} if {
	identity[1] == "human"
	not agent
} else := persons(input.subject.id) | principals

# Whatever it says: `null` and `false` too are there.
_bears(record, name) if name in object.keys(record)
