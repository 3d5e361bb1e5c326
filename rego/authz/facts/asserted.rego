package authz.facts

import future.keywords.not

# What only a trusted enforcement point may say. Each is undefined unless `trust` lets the PEP of this
# request assert it, and it has the shape that the specification gives it.

# METADATA
# description: >-
#   How a number of the request is written that may be compared and summed: at most twelve digits and six
#   after the point, no exponent. So each is quickly read, and a millionth of it is a whole number of 64 bits.
countable := `^-?[0-9]{1,12}(\.[0-9]{1,6})?$`

# METADATA
# description: How often the approval or elevation of this id was used before; undefined of what is no countable number.
used(id) := number if {
	is_object(input.context.uses)
	data.trust.peps[pep].asserts.uses == true
	number := input.context.uses[id]
	is_number(number)
	regex.match(countable, json.marshal(number))
}

# METADATA
# description: >-
#   How much of the counter of this name was used before this request; undefined of what is no countable
#   number.
spent(name) := number if {
	is_object(input.context.counters)
	data.trust.peps[pep].asserts.counters == true
	number := input.context.counters[name]
	is_number(number)
	regex.match(countable, json.marshal(number))
}

# METADATA
# description: Device, network and the like, name to value.
conditions := input.context.conditions if {
	is_object(input.context.conditions)
	data.trust.peps[pep].asserts.conditions == true
}

# METADATA
# description: Who confirmed this very request, each once.
confirmations := {name | some name in input.context.confirmations} if {
	is_array(input.context.confirmations)
	data.trust.peps[pep].asserts.confirmations == true
	every name in input.context.confirmations {
		is_string(name)
		name != ""
	}
}

# METADATA
# description: What happened to this resource before, and by whom, as objects `{action, subject}`.
history := input.context.history if {
	is_array(input.context.history)
	data.trust.peps[pep].asserts.history == true
	every event in input.context.history {
		is_string(event.action)
		is_string(event.subject)
		event.action != ""
		event.subject != ""
	}
}

# METADATA
# description: >-
#   The chain of actions that this one belongs to, `{id, history}`, what was done before as objects
#   `{action, type}`.
chain := input.context.chain if {
	is_string(input.context.chain.id)
	input.context.chain.id != ""
	is_array(input.context.chain.history)
	data.trust.peps[pep].asserts.history == true
	every event in input.context.chain.history {
		is_string(event.action)
		is_string(event.type)
		event.action != ""
		event.type != ""
	}
}
