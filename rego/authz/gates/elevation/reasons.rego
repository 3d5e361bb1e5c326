package authz.gates.elevation

import data.authz.facts
import future.keywords.not

# METADATA
# title: Elevations are not loaded
# description: The PAM document is missing.
# custom:
#   id: elevation.unavailable
#   remediation: Publish the pam bundle and see that OPA loads it.
#   controls: [NHI-03, C3]
reasons contains {"id": "elevation.unavailable", "next_action": "retry"} if {
	_privileged
	not data.pam.bundle.sequence
}

# METADATA
# title: Nobody can say whether this needs an elevation
# description: >-
#   The catalogue does not say whether the action is privileged, or the request names no action or
#   resource.
# custom:
#   id: elevation.not_decidable
#   remediation: Correct the request, or add the action to the catalogue.
#   controls: [C3]
reasons contains {"id": "elevation.not_decidable", "next_action": "none"} if not _decidable

# METADATA
# title: No live elevation for this
# description: The action is privileged, and no live elevation of the subject is for this action on this resource.
# custom:
#   id: elevation.missing
#   remediation: Request an elevation that names this action and resource in the PAM system.
#   controls: [NHI-03, A-04, C3]
reasons contains {
	"id": "elevation.missing",
	"next_action": "request",
	"needs": {"resource": facts.own_scope, "action": input.action.name},
} if {
	_privileged
	data.pam.bundle.sequence
	facts.elevations == []
}

# METADATA
# title: The elevation was revoked
# description: An elevation or break-glass activation for exactly this was withdrawn before its end.
# custom:
#   id: elevation.revoked
#   remediation: None for the caller. An operator may lift the revocation after review.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "elevation.revoked", "next_action": "none", "needs": {"elevation": id}} if {
	_privileged
	some [id, record] in _records
	facts.elevation_withdrawn(id) <= facts.now
	some key in record.keys
	key in facts.elevation_keys
}

# METADATA
# title: The elevation is not approved by enough people
# description: Fewer people approved than the catalogue or the PAM asks for.
# custom:
#   id: elevation.not_approved
#   remediation: Have the request approved by the number of people that is asked for.
#   controls: [C3]
reasons contains {
	"id": "elevation.not_approved",
	"next_action": "request",
	"needs": {"elevation": id, "approvals": _needed(elevation)},
} if {
	some [_, id, elevation, _] in _candidates
	count(_people(elevation)) < _needed(elevation)
}

# METADATA
# title: The elevation was approved by its own subject
# description: >-
#   Among the approvers is the subject or the requester, or someone who answers for one of them, and
#   without them there are too few.
# custom:
#   id: elevation.self_approved
#   remediation: Have someone else approve, who does not answer for the subject or the requester either.
#   controls: [NHI-03, C3]
reasons contains {"id": "elevation.self_approved", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	count(_others(elevation)) < _needed(elevation)
	_others(elevation) != _people(elevation)
}

# METADATA
# title: The elevation was approved by a subordinate
# description: >-
#   An approver reports to the subject or the requester, or to someone who answers for one of them, at
#   up to three levels, and without them there are too few.
# custom:
#   id: elevation.subordinate_approved
#   remediation: Have someone approve who does not report to the subject or the requester.
#   controls: [C3]
reasons contains {"id": "elevation.subordinate_approved", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	count(_independent(elevation)) < _needed(elevation)
	_independent(elevation) != _others(elevation)
}

# METADATA
# title: An approver is not an active person
# description: >-
#   An approver is unknown to the IGA, no longer active, revoked, or no person, and without them there
#   are too few.
# custom:
#   id: elevation.approver_inactive
#   remediation: Have someone approve who is an active person in the IGA.
#   controls: [C3]
reasons contains {"id": "elevation.approver_inactive", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	independent := _independent(elevation)
	active := {approver | some approver in independent; facts.active_person(approver)}
	count(active) < _needed(elevation)
	active != independent
}

# METADATA
# title: Nobody knows who requested the elevation
# description: >-
#   The PAM names no requester, or one whom the IGA does not list, so that the approvers may be the
#   requester under another name.
# custom:
#   id: elevation.requester_unknown
#   remediation: Request the elevation under a name that the IGA knows, or correct `correlate` of the source.
#   controls: [C3]
reasons contains {"id": "elevation.requester_unknown", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	not facts.requester_known(elevation)
}

# METADATA
# title: The approval has ended
# description: The elevation still runs, but what it was approved for has ended.
# custom:
#   id: elevation.approval_expired
#   remediation: Have the elevation approved again.
#   controls: [C3]
reasons contains {"id": "elevation.approval_expired", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	elevation.approved_until <= facts.now
}

# METADATA
# title: Something else was approved
# description: >-
#   The PAM says what the approval was given for, and it was another subject, another right or action, or
#   other parameters.
# custom:
#   id: elevation.approval_of_another
#   remediation: Have exactly this approved, for this subject and with these parameters.
#   controls: [A-04, C3]
reasons contains {"id": "elevation.approval_of_another", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	not facts.approved_for(elevation, facts.elevation_keys)
}

# METADATA
# title: The parameters are not those of the elevation
# description: The elevation names the parameters that it is for by their digest, and this request has others.
# custom:
#   id: elevation.parameters_changed
#   remediation: Send the parameters that were approved, or have these approved.
#   controls: [A-04, C3]
reasons contains {"id": "elevation.parameters_changed", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	not facts.for_parameters(elevation)
}

# METADATA
# title: The elevation is used up
# description: The elevation may be used so many times, and has been.
# custom:
#   id: elevation.used_up
#   remediation: Request another elevation.
#   controls: [A-04, C3]
reasons contains {"id": "elevation.used_up", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	facts.uses_known(id, elevation)
	not facts.unspent(id, elevation)
}

# METADATA
# title: Nobody says how often the elevation was used
# description: >-
#   The elevation may be used so many times, and no enforcement point that may says how many times it was.
# custom:
#   id: elevation.use_unknown
#   remediation: Let the PEP count uses and send `context.uses`, and let trust allow it to.
#   controls: [A-04, C3]
reasons contains {
	"id": "elevation.use_unknown",
	"next_action": "retry",
	"needs": {"elevation": id, "context": ["uses"]},
} if {
	some [_, id, elevation, _] in _candidates
	not facts.uses_known(id, elevation)
}

# METADATA
# title: The session is not recorded
# description: The catalogue asks for a recorded session, and the elevation has none.
# custom:
#   id: elevation.not_recorded
#   remediation: Open the session through the recording gateway of the PAM system.
#   controls: [C3]
reasons contains {"id": "elevation.not_recorded", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	not facts.recorded(elevation)
}

# METADATA
# title: The elevation names no session
# description: The catalogue asks for a session and for the reference of its recording, and the elevation lacks one.
# custom:
#   id: elevation.session_missing
#   remediation: Open the session through the recording gateway of the PAM system.
#   controls: [C3]
reasons contains {"id": "elevation.session_missing", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	not facts.in_session(elevation)
}

# METADATA
# title: The elevation is for another ticket
# description: The catalogue asks that the elevation names the ticket of the request, and it names another or none.
# custom:
#   id: elevation.ticket_mismatch
#   remediation: Send the ticket that the elevation was requested for, or request one for this ticket.
#   controls: [C3]
reasons contains {"id": "elevation.ticket_mismatch", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation, _] in _candidates
	not facts.ticketed(elevation)
}

# METADATA
# title: Break-glass is not accepted here
# description: The subject has broken the glass for this, but the catalogue does not accept it for this action.
# custom:
#   id: elevation.break_glass_not_accepted
#   remediation: Request an approved elevation.
#   controls: [C3]
reasons contains {"id": "elevation.break_glass_not_accepted", "next_action": "request"} if {
	_privileged
	facts.break_glass != []
	not _break_glass_accepted
}

# METADATA
# title: Nobody else stands for the break-glass
# description: >-
#   The catalogue asks that a second person breaks the glass: one whom the IGA knows as an active person,
#   and who is neither the subject nor answers for it.
# custom:
#   id: elevation.second_person_missing
#   remediation: Have another active person activate break-glass for the subject.
#   controls: [NHI-03, C3]
reasons contains {"id": "elevation.second_person_missing", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, activation] in _broken
	not _seconded(activation)
}

# METADATA
# title: The break-glass names no incident
# description: The catalogue asks for the incident that break-glass is for, and the activation names none.
# custom:
#   id: elevation.incident_missing
#   remediation: Open an incident and activate break-glass with its number.
#   controls: [C3]
reasons contains {"id": "elevation.incident_missing", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, activation] in _broken
	not facts.for_incident(activation)
}

_privileged if facts.action.privileged == true

_decidable if {
	is_boolean(facts.action.privileged)
	facts.action_key
}

_break_glass_accepted if facts.action.elevation.break_glass == true

# All that the PAM lists of the subject, for whatever.
_records contains [id, record] if some id, record in data.pam.elevations[input.subject.id]

_records contains [id, record] if some id, record in data.pam.break_glass[input.subject.id]

# Elevations for exactly this, to be told what each lacks.
_candidates := [candidate | _privileged; some candidate in facts.elevations]

# Break-glass activations for exactly this, where they count for something.
_broken := [activation | _privileged; _break_glass_accepted; some activation in facts.break_glass]

_seconded(activation) if facts.now < facts.seconded_until(activation)

_needed(elevation) := max([facts.action.elevation.approvals, elevation.required])

_people(elevation) := {approver | some approver in elevation.approvers; is_string(approver)} - {""}

_others(elevation) := (_people(elevation) - facts.involved(elevation.requester)) - _parties(elevation)

_parties(elevation) := {input.subject.id, elevation.requester}

_independent(elevation) := {approver |
	some approver in _people(elevation)
	facts.independent(approver, elevation.requester)
}
