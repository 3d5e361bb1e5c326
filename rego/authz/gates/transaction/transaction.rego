# METADATA
# title: Transaction gate
# description: >-
#   This very transaction is within what the catalogue says of it: the environment it is asked from, its
#   parameters and conditions, how much was done already, when, after what, by whom, and with whom.
package authz.gates.transaction

import data.authz.facts
import future.keywords.not

# METADATA
# description: Passes when nothing that the catalogue or the chain says of this transaction stands against it.
# scope: document
default verdict := {"pass": false}

verdict := {"pass": true} if {
	not _particular
} else := object.union(
	{
		"pass": true,
		"until": min([_window_until, _freeze_until, _confirmed_until]),
		"obligations": _obligations,
		"depends_on": [part | some part in _depends_on],
		"evidence": _evidence,
	},
	_storing,
) if {
	_placed
	_chain_harmless
	_limits_readable
	_parameters_met
	_conditions_met
	_counters_kept
	facts.now < _window_until
	not _frozen
	_ticketed
	_separated
	facts.now < _confirmed_until
}

# Whether there is anything to ask at all: for most requests there is not, and so they cost next to nothing.

_particular if _ = facts.action.limits

_particular if _ = input.context.chain

_particular if _ = data.trust.peps[facts.pep].environment

_particular if _ = facts.action.mask_fields

_particular if _ = facts.action.step_up

# An application's enforcement points of one environment have no business with another's resources.

_placed if not _standing

_placed if {
	is_string(facts.environment)
	data.trust.peps[facts.pep].environment == facts.environment
}

_standing if _ = data.trust.peps[facts.pep].environment

_limits_readable if not _limited

_limits_readable if is_object(facts.action.limits)

_limited if _ = facts.action.limits

# Whether the action has a limit of this name: whatever it is, it is to be kept.
_limits(name) if _ = facts.action.limits[name]

_parameters_met if not _limits("parameters")

_parameters_met if facts.within(facts.action.limits.parameters, "parameters")

_conditions_met if not _limits("conditions")

_conditions_met if facts.within(facts.action.limits.conditions, "conditions")

_counters_kept if not _limits("counters")

_counters_kept if facts.within_limits(facts.action.limits.counters)

_ticketed if not _limits("ticket")

# Checked alone and as it is used: an expression may be sound, and not so within another.
_ticketed if {
	is_string(input.context.ticket)
	is_string(facts.action.limits.ticket)
	regex.is_valid(facts.action.limits.ticket)
	whole := sprintf("^(?:%s)$", [facts.action.limits.ticket])
	regex.is_valid(whole)
	regex.match(whole, input.context.ticket)
}

_obligations := array.concat(_masking, _stepping_up)

_masking := [{"id": "mask_fields", "type": "mask_fields", "properties": {"fields": fields}} |
	fields := facts.action.mask_fields
]

_stepping_up := [{"id": "step_up", "type": "step_up", "properties": {}} |
	facts.action.step_up != false
]

# What is used up by asking: the answer to the next request may be another.
default _storing := {}

_storing := {"store": false} if _used_up

_used_up if _ = input.context.chain

_used_up if _limits("counters")

_depends_on contains "action.properties" if _limits("parameters")

_depends_on contains "action.properties" if _limits("counters")

_depends_on contains "context.conditions" if _limits("conditions")

_depends_on contains "context.counters" if _limits("counters")

_depends_on contains "context.ticket" if _limits("ticket")

_depends_on contains "context.history" if _limits("separation")

_depends_on contains "context.confirmations" if _limits("persons")

_depends_on contains "context.chain" if _ = input.context.chain

_evidence["chain"] := facts.chain.id

_evidence["ticket"] := input.context.ticket if _limits("ticket")

_evidence["confirmations"] := [name | some [_, name] in _others] if _limits("persons")
