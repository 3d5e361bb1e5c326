package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   What the subject is elevated by, as `[until, id, record, kind]`: an elevation that will do; else,
#   where the catalogue accepts it, break-glass. One whose listing is too old is named only if there
#   is no other, for the freshness gate to refuse.
elevated := array.concat(best, ["elevation"]) if {
	best := max(_sound)
	now < best[0]
} else := array.concat(max(break_glass), ["break_glass"]) if {
	action.elevation.break_glass == true
} else := array.concat(max(_sound), ["elevation"])

# METADATA
# description: >-
#   The subject's elevations that are live and for exactly this, as `[until, id, elevation]`. An
#   elevation's `keys` say what it is for: an entitlement on a scope, or actions on one resource.
elevations := [[until, id, elevation] |
	some id, elevation in data.pam.elevations[input.subject.id]
	elevation.not_before <= now
	now < elevation.expires_at
	some key in elevation.keys
	key in elevation_keys
	withdrawn := elevation_withdrawn(id)
	now < withdrawn
	ends := [elevation.expires_at, elevation.approved_until, pam_until(elevation.system), withdrawn]
	is_number(max(ends)) # text sorts after numbers, so that `min` would pass over it
	until := min(ends)
]

# METADATA
# description: The subject's break-glass activations that are in their window and for exactly this.
break_glass := [[until, id, activation] |
	some id, activation in data.pam.break_glass[input.subject.id]
	activation.not_before <= now
	now < activation.expires_at
	action_key in activation.keys
	withdrawn := elevation_withdrawn(id)
	now < withdrawn
	ends := [activation.expires_at, pam_until(activation.system), withdrawn]
	is_number(max(ends))
	until := min(ends)
]

# METADATA
# description: >-
#   Enough people other than the subject and the requester approved: as many as the PAM asked for, and
#   no fewer than `least`; their approval has not ended, and the IGA knows each of them as an active
#   person now. Of a requester whom nobody knows, nobody can say that the approvers are others.
approved(elevation, least) if {
	requester := elevation.requester # bound here: inside `not`, a missing one would count as another
	is_string(requester)
	requester != ""
	others := {approver |
		some approver in elevation.approvers
		not approver in {"", input.subject.id, requester}
		active_person(approver)
	}
	count(others) >= least
	count(others) >= elevation.required
	least >= 0 # also false of null, than which any count is more
	elevation.required >= 0
	now < elevation.approved_until
}

# METADATA
# description: The IGA lists this identity as a person, and as active.
active_person(id) if startswith(data.iga.identities[id], "active|human|")

# METADATA
# description: The session is recorded, or the catalogue says that it need not be.
# scope: document
recorded(_) if action.elevation.recording == false

recorded(elevation) if {
	action.elevation.recording == true
	elevation.recording == "on"
}

# METADATA
# description: The instant from which an elevation or a break-glass activation is revoked; `never` if it is not.
elevation_withdrawn(id) := effective(revocation) if {
	revocation := data.revocations.elevations[id]
} else := never

# METADATA
# description: The keys of an elevation for this, by entitlement and by action.
elevation_keys := array.concat(grant_keys, [action_key])

# METADATA
# description: The key of an elevation for this action on this resource and nothing else.
action_key := concat("", ["#", input.action.name, "@", own_scope]) if is_string(input.action.name)

# METADATA
# description: Until when the listing of a PAM system may be relied on for this action; 0 if its clock is wrong.
pam_until(system) := min(ends) if {
	data.pam.snapshots[system].observed_at <= latest
	ends := [
		data.pam.bundle.expires_at,
		data.pam.snapshots[system].expires_at,
		data.pam.snapshots[system].observed_at + ages.pam,
	]
	is_number(max(ends))
} else := 0

_sound := [candidate |
	some candidate in elevations
	approved(candidate[2], action.elevation.approvals)
	recorded(candidate[2])
]
