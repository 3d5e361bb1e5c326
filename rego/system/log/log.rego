# METADATA
# title: What a decision log may hold
# description: >-
#   Of a request the log keeps what decides and nothing else: what is not known to be needed may be a
#   token, a password or a person's data, under whatever name. A mask that fails loses the whole event
#   without a word, so the only path is a constant, and no function is called that can fail.
# schemas:
#   - data.catalog: schema.catalog
package system.log

import future.keywords.not

# METADATA
# title: The mask
# description: >-
#   Puts what may be kept in the place of the request, if that is not all of it. The event is OPA's, and
#   the request is its `input`, for both versions of the data API.
mask contains {"op": "upsert", "path": "/input", "value": _kept} if {
	not _plain
	input.input != _kept
}

# Most requests hold nothing else; to see so costs a third of putting together what may be kept.
_plain if {
	{
		"subject": {"type": subject_type, "id": subject},
		"action": {"name": action},
		"resource": {"type": resource_type, "id": resource},
		"context": context,
	} = input.input
	every value in [subject_type, subject, action, resource_type, resource] {
		is_string(value)
	}
	every name, value in context {
		name in {"pep", "session", "ticket"}
		is_string(value)
	}
}

# Compared whole, so a comprehension is the plainer form.
# regal ignore:prefer-set-or-object-rule
_kept := {part: members |
	some part, names in _names
	is_object(input.input[part])
	members := {name: value |
		some name in names
		value := _value(name, input.input[part][name])
	}
}

_names := {
	"subject": ["type", "id"],
	"action": ["name"],
	"resource": ["type", "id", "properties"],
	"context": array.concat(["pep", "session", "ticket"], _asked),
}

# Whatever else of the context the catalogue asks for, the decision rests on.
default _asked := []

_asked := asked if {
	asked := data.catalog.actions[input.input.resource.type][input.input.action.name].context
	is_array(asked)
}

# One text, number or truth value: an object or a list could hold anything.
_value(name, value) := value if {
	name != "properties"
	type_name(value) in {"string", "number", "boolean", "null"}
}

_value("properties", value) := {"parents": value.parents} if {
	is_array(value.parents)
	every parent in value.parents {
		is_string(parent)
	}
}
