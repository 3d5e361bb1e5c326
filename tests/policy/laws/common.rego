# What several laws look up. Written for them alone, from rego/README.md: a law that asked the gates would prove nothing.
package laws.common

# Status, type, environment, system and responsible people of an identity; undefined of one that nobody lists.
identity(id) := {
	"status": parts[0],
	"type": parts[1],
	"environment": parts[2],
	"people": {person | some person in split(parts[4], ","); person != ""},
} if {
	parts := split(data.iga.identities[id], "|")
	count(parts) == 5
}

active_person(id) if {
	found := identity(id)
	found.status == "active"
	found.type == "human"
}

# Whoever answers for an identity: a person for itself.
behind(id) := {id} if {
	identity(id).type == "human"
} else := identity(id).people if {
	true
} else := {id}

action := data.catalog.actions[input.request.resource.type][input.request.action.name]

tier := data.config.tiers[action.tier]

resource_name := sprintf("%s:%s", [input.request.resource.type, input.request.resource.id])

# Everything that the resource may be in, by the catalogue or by the word of the enforcement point.
scopes := ({"*", resource_name} | {parent | some parent in data.catalog.resources[resource_name].parents}) | asserted

asserted := {parent |
	not data.catalog.resources[resource_name]
	some parent in input.request.resource.properties.parents
}

entitlement_keys := {sprintf("%s@%s", [entitlement, scope]) |
	some entitlement in data.catalog.permits[input.request.resource.type][input.request.action.name]
	some scope in scopes
}

action_key := sprintf("#%s@%s", [input.request.action.name, resource_name])

until := time.parse_rfc3339_ns(input.answer.context.valid_until)

broke_glass if count(data.pam.break_glass[input.request.subject.id]) > 0
