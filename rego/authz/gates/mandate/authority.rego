package authz.gates.mandate

import data.authz.facts
import future.keywords.not

# Whether one mandate is in force and covers this request; the agent's own and each it was derived
# from are asked the same. Leaf by leaf, because a mandate may name a great deal else.

_live(agent, id) if {
	_in_force(agent, id)
	_listed(agent, id)
}

_in_force(agent, id) if {
	data.pam.mandates[agent][id].state == "active"
	is_number(data.pam.mandates[agent][id].not_before)
	is_number(data.pam.mandates[agent][id].expires_at)
	data.pam.mandates[agent][id].not_before <= facts.now
	facts.now < data.pam.mandates[agent][id].expires_at
}

_listed(agent, id) if facts.now < facts.pam_until(data.pam.mandates[agent][id].system)

_ends(agent, id) := min([
	data.pam.mandates[agent][id].expires_at,
	facts.pam_until(data.pam.mandates[agent][id].system),
])

_covers(agent, id) if {
	_tasked(agent, id)
	_authorised(agent, id)
}

_authorised(agent, id) if {
	some entry in _entries(agent, id)
	_tool_permitted(entry)
	_parameters_met(entry)
	_parameters_same(entry)
}

_tasked(agent, id) if {
	is_string(input.context.task)
	data.pam.mandates[agent][id].tasks[input.context.task] == true
}

# What the mandate's authority says of this action, at each scope of the resource that it names.
_entries(agent, id) := [entry |
	some key in _keys
	entry := data.pam.mandates[agent][id].authority[key]
	is_object(entry)
]

_keys := [concat("", ["#", input.action.name, "@", scope]) |
	is_string(input.action.name)
	some scope in facts.scopes
]

_tool_permitted(entry) if not _has(entry, "tools")

_tool_permitted(entry) if {
	is_string(input.context.tool)
	entry.tools[input.context.tool] == true
}

_parameters_met(entry) if not _has(entry, "constraints")

_parameters_met(entry) if facts.within(entry.constraints, "parameters")

_parameters_same(entry) if not _has(entry, "parameters")

_parameters_same(entry) if entry.parameters == facts.digest

# Asked so, because `object.keys` would make a set of all, and fail on what is no object.
# regal ignore:custom-has-key-construct
_has(record, name) if _ = record[name]
