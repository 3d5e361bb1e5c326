package authz.facts

import future.keywords.not

# METADATA
# description: The resource's own scope, and the key of its entry in the catalogue.
own_scope := concat(":", [input.resource.type, input.resource.id]) if {
	is_string(input.resource.type)
	is_string(input.resource.id)
	input.resource.type != ""
	input.resource.id != ""
}

# METADATA
# description: Where a grant may be held so that it reaches this resource.
scopes := array.concat(["*", own_scope], parents)

# METADATA
# description: >-
#   The resource's parents. The catalogue's word is final; only of a resource that it does not list
#   may a PEP name parents, if `trust` lets that PEP.
# scope: document
default parents := []

parents := data.catalog.resources[own_scope].parents if {
	listed
} else := input.resource.properties.parents if {
	not listed
	data.trust.peps[pep].asserts.parents == true
	is_array(input.resource.properties.parents)
	count(input.resource.properties.parents) <= 8
	every parent in input.resource.properties.parents {
		is_string(parent)
		regex.match(`^[a-z][a-z0-9_-]*:.+$`, parent)
	}
}

# METADATA
# description: The catalogue lists this very resource, and then it alone says what its parents are.
listed if is_object(data.catalog.resources[own_scope])

# METADATA
# description: Where the resource lives; its own entry wins over its application's.
environment := own if {
	own := data.catalog.resources[own_scope].environment # regal ignore:prefer-value-in-head
} else := data.catalog.applications[action.application].environment
