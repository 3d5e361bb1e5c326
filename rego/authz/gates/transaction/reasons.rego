package authz.gates.transaction

import data.authz.facts
import future.keywords.not

# METADATA
# title: Asked from another environment
# description: >-
#   The enforcement point stands in another environment than the resource, or nobody knows where the
#   resource is.
# custom:
#   id: transaction.environment_mismatch
#   remediation: Ask from an enforcement point of the environment of the resource.
#   controls: [NHI-03, C3]
reasons contains {"id": "transaction.environment_mismatch", "next_action": "none"} if not _placed

# METADATA
# title: The chain of actions cannot be read
# description: >-
#   The chain has no id, or no list of actions with their types, or its enforcement point may not assert
#   it.
# custom:
#   id: transaction.chain_malformed
#   remediation: Pass the chain as the specification says, and let the enforcement point assert history in trust.
#   controls: [A-04, C3]
reasons contains {"id": "transaction.chain_malformed", "next_action": "retry"} if {
	_chained
	not facts.chain
}

# METADATA
# title: Harmful together with what was done before
# description: After an action of this chain, this action must not happen; each alone may be harmless.
# custom:
#   id: transaction.combination_denied
#   remediation: None within this chain. A person may do it in a chain of its own.
#   controls: [A-04, C3]
reasons contains {"id": "transaction.combination_denied", "next_action": "none", "needs": {"combination": name}} if {
	some name in _combinations
}

# METADATA
# title: A parameter is outside its limits
# description: A parameter of the transaction is missing, of another type, or not what the catalogue lets it be.
# custom:
#   id: transaction.parameter_violation
#   remediation: Keep to the limits of the action.
#   controls: [C3]
reasons contains {"id": "transaction.parameter_violation", "next_action": "none", "needs": {"parameter": name}} if {
	some name, constraint in facts.action.limits.parameters
	facts.supported(constraint)
	not facts.met(constraint, "parameters", name)
}

# METADATA
# title: A limit that nobody can check
# description: The catalogue limits this by something that this policy does not know.
# custom:
#   id: transaction.constraint_unsupported
#   remediation: Write the limits with the operators of the specification.
#   controls: [C3]
reasons contains {"id": "transaction.constraint_unsupported", "next_action": "none"} if _unsupported

# METADATA
# title: A condition is not met
# description: >-
#   A condition of device, network or the like is missing, not asserted by who may, or not what the
#   catalogue asks.
# custom:
#   id: transaction.condition_unmet
#   remediation: Meet the condition, and let the enforcement point assert conditions in trust.
#   controls: [C3]
reasons contains {"id": "transaction.condition_unmet", "next_action": "retry", "needs": {"condition": name}} if {
	some name, constraint in facts.action.limits.conditions
	facts.supported(constraint)
	not facts.met(constraint, "conditions", name)
}

# METADATA
# title: Nobody says how much was used
# description: >-
#   The enforcement point does not say, or may not, how much of a limit was used, or the request not how
#   much it adds.
# custom:
#   id: transaction.counter_missing
#   remediation: Have the enforcement point pass the counter, and let it assert counters in trust.
#   controls: [C3]
reasons contains {"id": "transaction.counter_missing", "next_action": "retry", "needs": {"counter": name}} if {
	some name, _ in facts.action.limits.counters
	not facts.counted(name)
}

# METADATA
# title: A limit is reached
# description: With this request, more would be used than the catalogue lets.
# custom:
#   id: transaction.quota_exceeded
#   remediation: Wait until the counter starts anew, or change the limit.
#   controls: [C3]
reasons contains {"id": "transaction.quota_exceeded", "next_action": "none", "needs": {"counter": name}} if {
	some name, limit in facts.action.limits.counters
	facts.counted(name)
	not facts.spared(name, limit)
}

# METADATA
# title: Outside of its hours
# description: The action may happen at certain hours only, and now is none of them.
# custom:
#   id: transaction.outside_window
#   remediation: Ask again when a window is open.
#   controls: [C3]
reasons contains {"id": "transaction.outside_window", "next_action": "retry"} if not _in_time

# METADATA
# title: Changes are frozen
# description: A change freeze holds now in the environment of the resource.
# custom:
#   id: transaction.change_freeze
#   remediation: Ask again when the freeze is over.
#   controls: [C3]
reasons contains {"id": "transaction.change_freeze", "next_action": "retry", "needs": {"freeze": name}} if {
	some name in _freezes
}

# METADATA
# title: No ticket of the kind that is asked for
# description: The request names no ticket, or none that looks as the action asks for.
# custom:
#   id: transaction.ticket_invalid
#   remediation: Name the ticket of this change.
#   controls: [C3]
reasons contains {"id": "transaction.ticket_invalid", "next_action": "retry"} if not _ticketed

# METADATA
# title: Nobody says who did what before
# description: The enforcement point does not say, or may not, what happened to this resource and by whom.
# custom:
#   id: transaction.history_missing
#   remediation: Have the enforcement point pass the history, and let it assert history in trust.
#   controls: [C3]
reasons contains {"id": "transaction.history_missing", "next_action": "retry"} if {
	_limits("separation")
	not facts.history
}

# METADATA
# title: Done by the same person before
# description: >-
#   Who did one of the actions before this one may not do this one, under whatever identity or through
#   whatever agent; and of one whom the IGA does not list, nobody can say who it was.
# custom:
#   id: transaction.separation_of_duties
#   remediation: Have someone else do it.
#   controls: [NHI-03, C3]
reasons contains {"id": "transaction.separation_of_duties", "next_action": "none", "needs": {"subject": name}} if {
	some name in _doers
	facts.listed_identity(name)
}

# What nobody lists is the request's own text, of any length, and is not repeated.
reasons contains {"id": "transaction.separation_of_duties", "next_action": "none"} if {
	some name in _doers
	not facts.listed_identity(name)
}

# METADATA
# title: Too few people confirmed this
# description: Fewer active people than asked for stand for this very request, or nobody who may says who they are.
# custom:
#   id: transaction.confirmation_missing
#   remediation: Have another person confirm it.
#   controls: [C3]
reasons contains {
	"id": "transaction.confirmation_missing",
	"next_action": "retry",
	"needs": {"persons": facts.action.limits.persons},
} if {
	not _confirmed_until
}

_in_time if facts.now < _window_until

_unsupported if {
	some kind in ["parameters", "conditions"]
	some constraint in facts.action.limits[kind]
	not facts.supported(constraint)
}

# What should be names and their limits is neither.
_unsupported if {
	some kind in ["parameters", "conditions", "counters"]
	_limits(kind)
	not is_object(facts.action.limits[kind])
}

_unsupported if {
	_limits("separation")
	not is_array(facts.action.limits.separation)
}

_unsupported if not _limits_readable
