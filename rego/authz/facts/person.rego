package authz.facts

import future.keywords.not

# METADATA
# description: >-
#   The people behind an identity, as a set of ids: a person is itself, anything else is those who answer
#   for it (owners and sponsor). Of an id that the IGA does not list nobody knows more than itself.
persons(id) := {id} if {
	_type_of(id) == "human"
} else := {name | some name in split(split(data.iga.identities[id], "|")[4], ","); name != ""} if {
	_type_of(id)
} else := {id}

# METADATA
# description: The IGA lists this identity.
listed_identity(id) if _type_of(id)

# METADATA
# description: The superiors of a person as a set of ids, its manager and so on, three levels up.
superiors(id) := set() if {
	endswith(data.iga.identities[id], "|") # says no manager, in one look
} else := {first, second, third} - {""} if {
	first := _manager(id)
	second := _manager(first)
	third := _manager(second)
}

# METADATA
# description: >-
#   Until when this identity counts as an active person: the IGA lists it as a person and as active, and
#   it is not revoked as a subject. A revocation that is still to come is the end; undefined if it is none.
person_until(id) := withdrawn if {
	startswith(data.iga.identities[id], "active|human|")
	withdrawn := _subject_withdrawn(id)
	now < withdrawn
}

# METADATA
# description: The IGA lists this identity as a person, and as active, and it is not revoked as a subject.
active_person(id) if person_until(id)

# An id that is no text names nobody; a leaf of fewer parts has no type.
_type_of(id) := split(data.iga.identities[id], "|")[1]

_manager(id) := manager if {
	[_, "human", _, _, manager] = split(data.iga.identities[id], "|")
} else := ""

# When what someone was approved or is answered for by was issued, nobody knows.
_subject_withdrawn(id) := effective(revocation, null) if {
	revocation := data.revocations.subjects[id]
} else := never
