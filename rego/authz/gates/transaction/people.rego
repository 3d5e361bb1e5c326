package authz.gates.transaction

import data.authz.facts
import future.keywords.not

# Who did what came before, and who else stands for this: the same person under another identity counts
# as that person.

_separated if not _limits("separation")

_separated if {
	is_array(facts.action.limits.separation)
	facts.history
	not _entangled
}

_entangled if _doers != set()

# Those of the history who did what the subject may not have done, and are the subject, or share a person with it.
_doers contains doer if {
	some doer in _before
	some id in (facts.persons(doer) | {doer})
	id in (_own | facts.principals)
}

# Whom an agent did it for, nobody says: it may have been any of those who commissioned it.
_doers contains doer if {
	some doer in _before
	some id, _ in data.pam.mandates[doer]
	data.pam.mandates[doer][id].subject in (_own | facts.principals)
}

# Of one whom the IGA does not list, nobody can say whose it is.
_doers contains doer if {
	some doer in _before
	not facts.listed_identity(doer)
}

_before contains event.subject if {
	some event in facts.history
	event.action in facts.action.limits.separation
}

_own := facts.persons(input.subject.id) | {input.subject.id}

# Until when enough people stand for this; undefined if there are too few. Of more than enough, those who
# are active longest count: what is known already of one who will be revoked ends it only if he is needed.
_confirmed_until := facts.never if {
	not _limits("persons")
} else := relied_on[count(_others) - needed][0] if {
	is_number(facts.action.limits.persons)
	needed := max([0, facts.action.limits.persons - _self])
	relied_on := array.concat(sort(_others), [[facts.never]])
}

# The others who confirmed this and are active people, as `[until, id]`.
_others contains [until, name] if {
	some name in facts.confirmations
	not name in _own
	until := facts.person_until(name)
}

default _self := 0

_self := 1 if facts.identity[1] == "human"
