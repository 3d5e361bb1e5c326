package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   The name of the enforcement point (PEP) that asks: what `context.pep` says; of a legacy request, its
#   profile's. A request with any context at all speaks for itself, and only so.
pep := named if {
	named := input.context.pep
	is_string(named)
} else := profile.pep if {
	legacy
}

# METADATA
# description: >-
#   The request has no context, or an empty one, and the profile of its application lets it ask for
#   this action so.
legacy if {
	not contextual
	profile.actions[input.resource.type][input.action.name] == true
}

# METADATA
# description: What the catalogue says of applications that cannot pass context, for the application of this action.
profile := data.catalog.profiles[data.catalog.applications[action.application].profile]

# METADATA
# description: >-
#   The request has some context. `null` counts as some: what is of another type never lets anything pass.
# scope: document
contextual if input.context != {}
