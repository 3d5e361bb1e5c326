package authz.gates.mandate

import data.authz.facts
import future.keywords.not

# METADATA
# title: Mandates are not loaded
# description: The PAM document is missing.
# custom:
#   id: mandate.unavailable
#   remediation: Publish the pam bundle and see that OPA loads it.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.unavailable", "next_action": "retry"} if {
	facts.agent
	not data.pam.bundle.sequence
}

# METADATA
# title: No such mandate
# description: The agent has no mandate by the name that the request gives, or the request gives none.
# custom:
#   id: mandate.missing
#   remediation: Commission the agent in the PAM system, and have the request name that mandate.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.missing", "next_action": "request"} if {
	facts.agent
	data.pam.bundle.sequence
	not _commissioned
}

# METADATA
# title: The mandate is not in force
# description: It is not active, has not begun, or has ended.
# custom:
#   id: mandate.inactive
#   remediation: Commission the agent anew.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.inactive", "next_action": "request"} if {
	_commissioned
	not _in_force(input.subject.id, input.context.mandate)
}

# METADATA
# title: The data behind the mandate is too old
# description: >-
#   The listing of a mandate, of an agent that passed one on, of the person it is for, or of the grant of
#   that person is older than the action tolerates.
# custom:
#   id: mandate.stale
#   remediation: See why the sync of that system does not succeed.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.stale", "next_action": "retry"} if {
	_commissioned
	_stale
}

# METADATA
# title: The task is not in the mandate
# description: The request names no task, or one that the mandate was not given for.
# custom:
#   id: mandate.out_of_task
#   remediation: Name the task that the agent works on, or commission it for this task.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.out_of_task", "next_action": "request"} if {
	_commissioned
	not _tasked(input.subject.id, input.context.mandate)
}

# METADATA
# title: The action is not in the mandate
# description: The mandate has no authority for this action on this resource.
# custom:
#   id: mandate.out_of_authority
#   remediation: Commission the agent for this action on this resource.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.out_of_authority", "next_action": "request"} if {
	_commissioned
	_entries(input.subject.id, input.context.mandate) == []
}

# METADATA
# title: The tool is not in the mandate
# description: The authority for this action names the tools that may be used, and this one is not among them.
# custom:
#   id: mandate.tool_not_permitted
#   remediation: Use a tool that the mandate names.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.tool_not_permitted", "next_action": "none"} if {
	some entry in _wanting
	not _tool_permitted(entry)
}

# METADATA
# title: A parameter is not within the mandate
# description: A parameter is missing, of another type, or not what the mandate lets it be.
# custom:
#   id: mandate.parameter_violation
#   remediation: Keep to the constraints of the mandate.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.parameter_violation", "next_action": "none", "needs": {"parameter": name}} if {
	some entry in _wanting
	some name, constraint in entry.constraints
	facts.supported(constraint)
	not facts.met(constraint, "parameters", name)
}

# METADATA
# title: A constraint that nobody can check
# description: The mandate limits this by something that this policy does not know.
# custom:
#   id: mandate.constraint_unsupported
#   remediation: Write the mandate with the operators of the specification.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.constraint_unsupported", "next_action": "none"} if _unsupported

# METADATA
# title: Other parameters than were approved
# description: The parameters are not those that the mandate was given for, or that the task was approved with.
# custom:
#   id: mandate.parameters_changed
#   remediation: Have these very parameters approved.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.parameters_changed", "next_action": "request"} if _changed

# METADATA
# title: Nobody says how much was used
# description: >-
#   The enforcement point does not say, or may not, how much of a limit was used, or the request not how
#   much it adds.
# custom:
#   id: mandate.counter_missing
#   remediation: Have the enforcement point pass the counter, and let it assert counters or uses in trust.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.counter_missing", "next_action": "retry", "needs": {"counter": counter}} if {
	some counter in _uncounted
}

# METADATA
# title: A limit of the mandate is reached
# description: With this request, more would be used than the mandate grants, or one that it was derived from.
# custom:
#   id: mandate.quota_exceeded
#   remediation: Commission the agent for more, or stop.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.quota_exceeded", "next_action": "none", "needs": {"counter": name}} if {
	_commissioned
	some mandate in facts.lineage
	some name, limit in data.pam.mandates[mandate.agent][mandate.id].limits
	facts.counted(name)
	not facts.spared(name, limit)
}

# METADATA
# title: A mandate above is not in force
# description: >-
#   A mandate that this one was derived from is unknown, not active, has not begun, or has ended, or its
#   agent is none that the IGA lists as active.
# custom:
#   id: mandate.ancestor_inactive
#   remediation: Commission the first agent anew, and derive from that.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.ancestor_inactive", "next_action": "none"} if {
	_commissioned
	_ancestor_inactive
}

# METADATA
# title: A mandate above does not cover this
# description: >-
#   A mandate that this one was derived from is for another person, or does not cover this task, action,
#   tool or parameters.
# custom:
#   id: mandate.ancestor_authority
#   remediation: Derive no more than what the mandates above grant.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.ancestor_authority", "next_action": "none", "needs": {"mandate": ancestor.id}} if {
	_commissioned
	some ancestor in facts.ancestors
	_in_force(ancestor.agent, ancestor.id)
	not _hands_down(ancestor)
}

# METADATA
# title: The mandate was passed on too far
# description: A mandate above may not be passed on to the next agent, or not as deep as this.
# custom:
#   id: mandate.delegation_exceeded
#   remediation: Have an agent act that the mandate may be passed on to.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.delegation_exceeded", "next_action": "none", "needs": {"mandate": ancestor.id}} if {
	_commissioned
	some i, ancestor in facts.ancestors
	_in_force(ancestor.agent, ancestor.id)
	not _may_delegate(i, ancestor)
}

# METADATA
# title: The person behind the agent is not active
# description: The IGA does not list the person that the mandate is for as an active person, or he is revoked.
# custom:
#   id: mandate.principal_inactive
#   remediation: Have an active person commission the agent.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "mandate.principal_inactive", "next_action": "none"} if {
	_commissioned
	not facts.active_person(facts.represented)
}

# METADATA
# title: The person behind the agent may not do this
# description: >-
#   The person that the mandate is for holds no live standing grant that covers this, is denied it, or is
#   at home in another environment than the resource.
# custom:
#   id: mandate.principal_not_entitled
#   remediation: Have someone commission the agent who holds the right himself.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "mandate.principal_not_entitled", "next_action": "none"} if {
	_commissioned
	facts.active_person(facts.represented)
	not _principal_entitled
}

# METADATA
# title: The proof is for another person
# description: The token was issued for another person than the mandate is for.
# custom:
#   id: mandate.principal_mismatch
#   remediation: Show the token that the person of the mandate gave.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "mandate.principal_mismatch", "next_action": "none"} if {
	_commissioned
	_another_principal
}

# METADATA
# title: The task is not approved
# description: >-
#   The action asks for an approval of this task, and too few active people other than the agent gave
#   one.
# custom:
#   id: mandate.approval_missing
#   remediation: Have the task approved by the number of people that is asked for.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.approval_missing", "next_action": "request"} if {
	_commissioned
	_approval_asked
	not _enough_approvers
}

# METADATA
# title: The approval of the task has ended
# description: The task was approved, but not until now.
# custom:
#   id: mandate.approval_expired
#   remediation: Have the task approved again.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.approval_expired", "next_action": "request"} if {
	_commissioned
	_approval_asked
	_approval
	not _approval_lasts
}

# METADATA
# title: The approval of the task is used up
# description: The task was approved for a number of uses, and they were made.
# custom:
#   id: mandate.approval_used_up
#   remediation: Have the task approved again.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.approval_used_up", "next_action": "request"} if {
	_commissioned
	_approval_asked
	_uses_known
	not _approval_unused
}

# METADATA
# title: The chain of actions is missing
# description: >-
#   The request does not say, or its enforcement point may not, which chain it belongs to and what
#   happened in it.
# custom:
#   id: mandate.chain_missing
#   remediation: Have the enforcement point pass the chain, and let it assert history in trust.
#   controls: [A-04, C3]
reasons contains {"id": "mandate.chain_missing", "next_action": "retry"} if {
	_commissioned
	not facts.chain
}

_commissioned if {
	data.pam.bundle.sequence
	is_object(facts.mandate)
}

# What the mandate says of this action, where none of it will do: to be told what each lacks.
_wanting := [entry |
	_commissioned
	not _authorised(input.subject.id, input.context.mandate)
	some entry in _entries(input.subject.id, input.context.mandate)
]

_stale if {
	some mandate in facts.lineage
	_in_force(mandate.agent, mandate.id)
	not _listed(mandate.agent, mandate.id)
}

_stale if {
	some ancestor in facts.ancestors
	_agent_until(ancestor.agent) <= facts.now
}

_stale if {
	facts.active_person(facts.represented)
	not _principal_listed
}

_stale if _grant[0] <= facts.now

_unsupported if {
	some entry in _wanting
	some constraint in entry.constraints
	not facts.supported(constraint)
}

_unsupported if {
	some entry in _wanting
	_has(entry, "constraints")
	not is_object(entry.constraints)
}

_unsupported if {
	some mandate in facts.lineage
	_limited(mandate.agent, mandate.id)
	not is_object(data.pam.mandates[mandate.agent][mandate.id].limits)
}

_changed if {
	some entry in _wanting
	not _parameters_same(entry)
}

_changed if {
	_approval_asked
	_approval
	not _approval_of_this
}

_uncounted contains name if {
	some mandate in facts.lineage
	some name, _ in data.pam.mandates[mandate.agent][mandate.id].limits
	not facts.counted(name)
}

# The uses of an approval are counted under its id.
_uncounted contains _approval_id if {
	_approval_asked
	_has(_approval, "max_uses")
	not _uses_known
}

_ancestor_inactive if not facts.ancestors

_ancestor_inactive if {
	some ancestor in facts.ancestors
	not _in_force(ancestor.agent, ancestor.id)
}

_ancestor_inactive if {
	some ancestor in facts.ancestors
	not _agent_until(ancestor.agent)
}
