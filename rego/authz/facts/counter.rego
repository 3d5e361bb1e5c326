package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   Every counter, by name, stays within its limit with what this request adds to it. False also where
#   the limits are no object.
within_limits(limits) if {
	is_object(limits)
	every name, limit in limits {
		spared(name, limit)
	}
}

# METADATA
# description: The counter of this name stays within the limit with what this request adds to it.
spared(name, limit) if {
	is_number(limit)
	regex.match(countable, json.marshal(limit))
	counted(name)
	_millionths(spent(name)) + _millionths(share(name)) <= _millionths(limit)
}

# METADATA
# description: Somebody who may says how much of the counter was used, and the request how much it adds.
counted(name) if {
	spent(name) >= 0
	share(name) >= 0
}

# METADATA
# description: What this request adds to the counter of this name; one to `calls`, else the parameter of that name.
share(name) := 1 if {
	name == "calls"
} else := _number("parameters", name)

# OPA reckons with 64 bits: of a countable number the product is off by less than a quarter, of whole
# numbers the sum is exact.
_millionths(number) := round(number * 1000000)
