package authz.facts

import future.keywords.not

# METADATA
# description: The request or the IGA calls the subject an agent.
# scope: document
agent if input.subject.type == "agent"

agent if identity[1] == "agent"

# METADATA
# description: The mandate that the agent names, of those that it has itself.
mandate := data.pam.mandates[input.subject.id][input.context.mandate] if {
	agent
	is_string(input.context.mandate)
}

# METADATA
# description: The person that the agent acts for.
represented := data.pam.mandates[input.subject.id][input.context.mandate].subject if {
	agent
	is_string(input.context.mandate)
}

# METADATA
# description: The person that the agent acts for, as a set of ids; empty for who is no agent.
principals contains represented

# METADATA
# description: >-
#   The mandates that the agent's own was derived from, as `{agent, id}`, the first one first. Undefined
#   where nobody can say.
ancestors := data.pam.mandates[input.subject.id][input.context.mandate].ancestors if {
	_derived
	is_array(data.pam.mandates[input.subject.id][input.context.mandate].ancestors)
} else := [] if {
	not _derived
}

# METADATA
# description: All mandates that the request rests on, as `{agent, id}`, from the first one to the agent's own.
lineage := array.concat(ancestors, [{"agent": input.subject.id, "id": input.context.mandate}])

_derived if _ = data.pam.mandates[input.subject.id][input.context.mandate].ancestors
