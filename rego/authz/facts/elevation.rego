package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   What the subject is elevated by, as `[until, id, record, kind, bounds]`: an elevation that will do;
#   else, where the catalogue accepts it, break-glass. One whose listing is too old is named only if there
#   is no other, for the freshness gate to refuse. For `bounds` see `elevations`.
elevated := best if {
	best := max(_sound)
	now < best[0]
} else := max(_glass) if {
	_glass != []
} else := max(_sound)

# METADATA
# description: >-
#   The subject's elevations that are live and for this action on this resource, as
#   `[end, id, elevation, bounds]`: `end` is without that of the listing, `bounds` what binds the elevation
#   to more than subject and keys, which is nothing for most. Its `keys` say what an elevation is for: an
#   entitlement on a scope, or actions on one resource.
elevations := [[end, id, elevation, bounds] |
	some id, elevation in data.pam.elevations[input.subject.id]
	is_number(elevation.not_before) # null is less than any number
	elevation.not_before <= now
	now < elevation.expires_at
	some key in elevation.keys
	key in elevation_keys
	withdrawn := elevation_withdrawn(id)
	now < withdrawn
	ends := [elevation.expires_at, elevation.approved_until, withdrawn]
	is_number(max(ends)) # text sorts after numbers, so that `min` would pass over it
	end := min(ends)
	bounds := object.filter(elevation, ["approved", "max_uses", "parameters"])
]

# METADATA
# description: The keys of an elevation for this, by entitlement and by action.
elevation_keys := array.concat(grant_keys, [action_key])

# METADATA
# description: The key of an elevation for this action on this resource and nothing else.
action_key := concat("", ["#", input.action.name, "@", own_scope]) if is_string(input.action.name)

# METADATA
# description: >-
#   The catalogue asks this of an elevation or of break-glass; something odd in its place counts as asking.
asked(name) if object.get(action.elevation, name, false) != false

# METADATA
# description: The catalogue asks of an elevation neither a session nor a ticket, as of most.
asks_no_more if object.filter(action.elevation, ["session", "ticket"]) == {}

# METADATA
# description: The session is recorded, or the catalogue says that it need not be.
# scope: document
recorded(_) if action.elevation.recording == false

recorded(elevation) if {
	action.elevation.recording == true
	elevation.recording == "on"
}

# METADATA
# description: The elevation names a session and where its recording is, or the catalogue does not ask for it.
# scope: document
in_session(_) if not asked("session")

in_session(elevation) if {
	_named(elevation, "session")
	_named(elevation, "recording_ref")
}

# METADATA
# description: The elevation names the ticket of this very request, or the catalogue does not ask for it.
# scope: document
ticketed(_) if not asked("ticket")

ticketed(elevation) if {
	_named(elevation, "ticket")
	elevation.ticket == input.context.ticket
}

# METADATA
# description: >-
#   Until when the listing of a PAM system may be relied on for this action; 0 if its clock is wrong. In
#   an emergency as long as break-glass allows, whatever its own end.
pam_until(system) := _pam_until(system) if {
	emergency == false
} else := _emergency_pam_until(system)

# Without a word on emergencies, because whether there is one depends on this.
_pam_until(system) := min(ends) if {
	observed_at := data.pam.snapshots[system].observed_at
	observed_at <= latest
	ends := [data.pam.bundle.expires_at, data.pam.snapshots[system].expires_at, observed_at + ages.pam]
	is_number(max(ends))
} else := 0

_sound := [[until, id, elevation, "elevation", bounds] |
	some [end, id, elevation, bounds] in elevations
	recorded(elevation)
	_as_asked(elevation)
	counted := counted_until(id, elevation, bounds, action.elevation.approvals, elevation_keys)
	until := min([end, counted, _pam_until(elevation.system)])
]

_as_asked(_) if asks_no_more

_as_asked(elevation) if {
	in_session(elevation)
	ticketed(elevation)
}

_named(record, name) if {
	is_string(record[name])
	record[name] != ""
}
