package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   Every constraint, by name, is met by the value of that name in `place`: `parameters` or `conditions`.
#   False also where the constraints or the parameters are no object. The values themselves are never
#   passed on, because OPA compares the arguments of a function with those of the calls before.
within(constraints, place) if {
	is_object(constraints)
	_there(place)
	every name, constraint in constraints {
		met(constraint, place, name)
	}
}

# METADATA
# scope: document
# description: >-
#   The value of this name is what the constraint says: every operator in it holds. An operator that
#   nobody knows holds for no value, so that a new one is never passed over by an older policy.
met(constraint, place, name) if {
	is_object(constraint)
	_given(place, name)
	every operator, bound in constraint {
		_holds(operator, bound, place, name)
	}
}

met(constraint, place, name) if {
	constraint.required == false
	_there(place)
	not _given(place, name)
	supported(constraint)
}

# METADATA
# description: The constraint has no operator but those of the specification.
supported(constraint) if {
	is_object(constraint)
	every operator, _ in constraint {
		operator in {"max", "min", "equals", "one_of", "required"}
	}
}

# Text sorts after numbers, so both are asked to be numbers before they are compared.
_holds("max", bound, place, name) if {
	is_number(bound)
	_number(place, name) <= bound
}

_holds("min", bound, place, name) if {
	is_number(bound)
	_number(place, name) >= bound
}

_holds("equals", bound, place, name) if _simple(place, name) == bound

_holds("one_of", bound, place, name) if {
	is_array(bound)
	_simple(place, name) in bound
}

_holds("required", bound, _, _) if is_boolean(bound)

_there("parameters") if parameters

_there("conditions")

_given(place, name) if _ = _value(place, name)

_value("parameters", name) := parameters[name]

_value("conditions", name) := conditions[name]

# The value of this name, if it is a number that is countable.
_number(place, name) := value if {
	value := _value(place, name)
	is_number(value)
	regex.match(countable, json.marshal(value))
}

# The value of this name, if it is one that may be compared: a countable number, or neither list nor object.
_simple(place, name) := _number(place, name)

_simple(place, name) := value if {
	value := _value(place, name)
	type_name(value) in {"boolean", "null", "string"}
}
