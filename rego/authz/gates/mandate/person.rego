package authz.gates.mandate

import data.authz.facts
import future.keywords.not

# The people a mandate rests on: the person it is for, who must be able to do it too, and those who
# approved this task. Otherwise an agent would be a way to do what its person may not.

_principal_may if {
	facts.active_person(facts.represented)
	_principal_entitled
	not _another_principal
}

_principal_entitled if {
	_grant
	_principal_at_home
	not _principal_denied
}

# Where the person may not act himself, nobody may for him.
_principal_at_home if split(data.iga.identities[facts.represented], "|")[2] == facts.environment

_principal_at_home if split(data.iga.identities[facts.represented], "|")[2] == ""

_principal_denied if {
	some key in facts.grant_keys
	_ = data.iga.denies[facts.represented][key]
}

# The proof names whom the token was issued for; without one, nobody says that it is somebody else.
_another_principal if facts.proof.principal != facts.represented

# The person's standing grant that can be relied on longest, as `[until, key, system, id]`. An eligible
# one does not count: the person was elevated to act himself, not to have an agent act.
_grant := max([[until, key, system, id] |
	some key in facts.grant_keys
	leaf := data.iga.grants[facts.represented][key]
	is_string(leaf)
	regex.match(`^[^|]+\|[^|]+\|[0-9]{10}\|([0-9]{10})?\|\|[^|]*$`, leaf)
	[system, id, end, start, _, _] := split(leaf, "|")
	start <= facts.now_digits
	facts.now_digits < end
	until := min([to_number(end) * 1000000000, facts.iga_until(system)])
])

_principal_listed if facts.now < _principal_until

_principal_until := min([facts.iga_until(system), counted]) if {
	counted := facts.person_until(facts.represented)
	[_, _, _, system, _] := split(data.iga.identities[facts.represented], "|")
}

_approval := data.pam.mandates[input.subject.id][input.context.mandate].approvals[input.context.task] if {
	is_string(input.context.task)
}

# Anything but a plain no asks for it.
_approval_asked if {
	_has(facts.action, "mandate")
	not _approval_waived
}

_approval_waived if facts.action.mandate.approval == false

_approved if not _approval_asked

_approved if {
	_enough_approvers
	_approval_lasts
	_approval_of_this
	_approval_unused
}

_enough_approvers if _approvers_until

# Until when enough approvers are active people, of whom those who are longest count.
_approvers_until := sort(_approvers)[count(_approvers) - _approval.required][0] if {
	is_number(_approval.required)
	_approval.required > 0
}

# The person whom the agent acts for may approve; the agent may not, whatever else it is called.
_approvers contains [until, approver] if {
	is_array(_approval.approvers)
	some approver in _approval.approvers
	approver != input.subject.id
	until := facts.person_until(approver)
}

_approval_lasts if {
	is_number(_approval.approved_until)
	facts.now < _approval.approved_until
}

_approval_of_this if not _has(_approval, "parameters")

_approval_of_this if _approval.parameters == facts.digest

_approval_unused if not _has(_approval, "max_uses")

_approval_unused if {
	_uses_known
	facts.used(_approval.id) < _approval.max_uses
}

_uses_known if {
	is_number(_approval.max_uses)
	facts.used(_approval.id) >= 0
}

_approval_until := min([_approval.approved_until, _approvers_until]) if {
	_approval_asked
} else := facts.never

default _approval_id := ""

_approval_id := _approval.id if _approval_asked
