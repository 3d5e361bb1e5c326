package authz.gates.transaction

import data.authz.facts
import future.keywords.not

# Actions that are harmless singly and harmful together: read what is confidential, then send outside.

_chain_harmless if not _chained

_chain_harmless if {
	facts.chain
	not _combined
}

_chained if _ = input.context.chain

_combined if _combinations != set()

# The combinations that this action would complete, by name.
_combinations contains name if {
	some name, combination in data.catalog.combinations
	facts.action.labels[combination.then] == true
	some event in facts.chain.history
	_labelled(event, combination.after)
}

_labelled(event, label) if data.catalog.actions[event.type][event.action].labels[label] == true

# Of an action that the catalogue does not know, nobody can say what it did.
_labelled(event, _) if not _known(event)

_known(event) if is_object(data.catalog.actions[event.type][event.action])
