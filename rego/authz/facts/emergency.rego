package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   The subject relies on break-glass. Then IGA and PAM data may be as old as `config.break_glass.ages`
#   says, whatever their own ends, as it is made for the hour in which those systems are down.
# scope: document
default emergency := false

emergency if {
	action.privileged == true
	action.elevation.break_glass == true
	elevated[3] == "break_glass"
}

# METADATA
# description: >-
#   The subject's break-glass activations that are in their window and for exactly this, as
#   `[end, id, activation]`, `end` without that of the listing.
break_glass := [[end, id, activation] |
	some id, activation in data.pam.break_glass[input.subject.id]
	is_number(activation.not_before)
	activation.not_before <= now
	now < activation.expires_at
	action_key in activation.keys
	withdrawn := elevation_withdrawn(id)
	now < withdrawn
	ends := [activation.expires_at, withdrawn]
	is_number(max(ends))
	end := min(ends)
]

# METADATA
# description: The activation names an incident, or the catalogue does not ask for one.
# scope: document
for_incident(_) if not asked("incident")

for_incident(activation) if _named(activation, "incident")

# METADATA
# description: >-
#   Until when a second person who has no part in it stands for the activation: an active person, and none
#   behind the subject, nor whom an agent acts for or one below him; `never` where the catalogue does not
#   ask for one.
# scope: document
seconded_until(_) := never if not asked("dual_control")

seconded_until(activation) := until if {
	asked("dual_control")
	until := person_until(activation.activated_by)
	behind := persons(input.subject.id) | principals
	not activation.activated_by in behind
	superiors(activation.activated_by) & principals == set()
}

# The activations that will do, with the end that their listing has in an emergency.
_glass := [[until, id, activation, "break_glass", {}] |
	action.elevation.break_glass == true
	some [end, id, activation] in break_glass
	for_incident(activation)
	until := min([end, seconded_until(activation), _emergency_pam_until(activation.system), _elevation_begins])
]

# When the next elevation for this may begin to count, whatever else it lacks: break-glass is over by then.
_elevation_begins := min(_beginnings)

_beginnings contains never

_beginnings contains elevation.not_before if {
	some elevation in _elevations_of_any_time
	is_number(elevation.not_before)
	now < elevation.not_before
}

# A listing whose clock is ahead counts for nothing until that instant.
_beginnings contains observed_at - data.config.leeway if {
	some elevation in _elevations_of_any_time
	observed_at := data.pam.snapshots[elevation.system].observed_at
	is_number(observed_at)
	latest < observed_at
}

_elevations_of_any_time contains elevation if {
	some elevation in data.pam.elevations[input.subject.id]
	some key in elevation.keys
	key in elevation_keys
}

_emergency_pam_until(system) := observed_at + data.config.break_glass.ages.pam if {
	observed_at := data.pam.snapshots[system].observed_at
	observed_at <= latest
} else := 0

_emergency_iga_until(system) := observed_at + data.config.break_glass.ages.iga if {
	observed_at := data.iga.snapshots[system].observed_at
	observed_at <= latest
} else := 0
