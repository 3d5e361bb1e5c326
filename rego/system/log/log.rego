# METADATA
# title: What a decision log may hold
# description: >-
#   Of a request the log keeps what decides and nothing else: what is not known to be needed may be a
#   token, a password or a person's data, under whatever name. A mask that fails loses the whole event
#   without a word, so the only path is a constant, and no function is called that can fail. Nothing is
#   dropped: there is no rule `drop`, so that every decision leaves an event.
# schemas:
#   - data.catalog: schema.catalog
#   - data.pam: schema.pam
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

# Most requests hold nothing else; to see so costs a tenth of putting together what may be kept. In one piece, and
# not by the rules that the next one uses, because they would make it half as dear again.
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
		name in {"pep", "session", "ticket", "task", "tool", "mandate", "environment"}
		is_string(value)
	}
}

# With a proof beside it, next to nothing is to be put together.
_kept := json.patch(input.input, [{"op": "replace", "path": "/context/credential", "value": {"kind": kind}}]) if {
	kind := input.input.context.credential.kind
	is_string(kind)
	_named
	every name, value in object.remove(input.input.context, ["credential"]) {
		name in {"pep", "session", "ticket", "task", "tool", "mandate", "environment"}
		is_string(value)
	}
} else := {part: members |
	some part, names in _names
	is_object(input.input[part])
	members := {name: value |
		some name in names
		value := _value(part, name, input.input[part][name])
	}
}

# Subject, action and resource have their names, texts, and nothing else.
_named if {
	{
		"subject": {"type": subject_type, "id": subject},
		"action": {"name": action},
		"resource": {"type": resource_type, "id": resource},
		"context": _,
	} = input.input
	every value in [subject_type, subject, action, resource_type, resource] {
		is_string(value)
	}
}

_names := {
	"subject": ["type", "id"],
	"action": ["name", "properties"],
	"resource": ["type", "id", "properties"],
	"context": array.flatten([
		["pep", "session", "ticket", "task", "tool", "mandate", "environment"],
		["credential", "chain", "history", "counters", "uses", "confirmations", "conditions"],
		_asked,
	]),
}

_action := data.catalog.actions[input.input.resource.type][input.input.action.name]

_mandate := data.pam.mandates[input.input.subject.id][input.input.context.mandate]

# Whatever else of the context the catalogue asks for, the decision rests on.
default _asked := []

_asked := _action.context if is_array(_action.context)

_parameters contains name if some name, _ in _action.limits.parameters

_conditions contains name if some name, _ in _action.limits.conditions

_value(_, name, value) := value if {
	not name in _not_whole
	_single(value)
}

# Of a proof, only which kind it was.
_value("context", "credential", value) := {"kind": value.kind} if is_string(value.kind)

_value("action", "properties", value) := named if {
	named := _only(value, _parameters)
	named != {}
}

_value("context", "conditions", value) := _only(value, _conditions)

_value("resource", "properties", value) := {"parents": value.parents} if _texts(value.parents)

_value("context", "confirmations", value) := value if _texts(value)

_value("context", "history", value) := _events(value, ["action", "subject"])

_value("context", "chain", value) := object.union(
	_only(value, ["id"]),
	{"history": events | events := _events(value.history, ["action", "type", "id"])},
) if {
	is_object(value)
}

# Numbers, under names that the documents know: a name that a caller may choose could be anything.
_value("context", "counters", value) := {name: number |
	some name, number in value
	is_number(number)
	_counted(name)
} if {
	is_object(value)
}

_value("context", "uses", value) := {id: number |
	some id, number in value
	is_number(number)
	_used(id)
} if {
	is_object(value)
}

# What is an object or a list, and what proves or could prove something, whoever asks for it.
_not_whole := {
	"properties",
	"credential", "chain", "history", "counters", "uses", "confirmations", "conditions",
	"signature", "token", "certificate", "dpop", "wpt", "method", "url",
}

_counted(name) if _ = _action.limits.counters[name]

_counted(name) if _ = _mandate.limits[name]

_used(id) if _ = data.pam.elevations[input.input.subject.id][id]

_used(id) if _mandate.approvals[input.input.context.task].id == id

# One text, number or truth value: an object or a list could hold anything.
_single(value) if type_name(value) in {"string", "number", "boolean", "null"}

_only(members, names) := {name: value |
	some name in names
	value := members[name]
	_single(value)
} if {
	is_object(members)
}

_events(events, names) := [_only(event, names) | some event in events] if is_array(events)

_texts(values) if {
	is_array(values)
	every value in values {
		is_string(value)
	}
}
