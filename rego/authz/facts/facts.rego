# METADATA
# title: Facts
# description: >-
#   What the request and the documents say, looked up once and shared by the gates. Facts decide
#   nothing: what cannot be established is undefined, and the gate that needs it does not pass. Every
#   lookup is by key; no document is scanned. Rules read one leaf of a document at a time, because
#   OPA converts whatever is read, and a whole document would be converted at every request.
package authz.facts

import future.keywords.not

# METADATA
# description: The instant of this decision in nanoseconds since the epoch, one for the whole query.
now := time.now_ns()

# METADATA
# description: >-
#   `now` as text. An instant in epoch seconds of ten digits compares with it as text as it would as a
#   number, which spares parsing and division.
now_digits := format_int(now, 10)

# METADATA
# description: The latest instant that a source may claim for itself; beyond it its clock is wrong.
latest := now + data.config.leeway

# METADATA
# description: What has no end, ends here; the last instant that OPA's clock can count to.
never := 9223372036854775807

# METADATA
# description: What the catalogue says of the action that is asked for.
action := data.catalog.actions[input.resource.type][input.action.name]

# METADATA
# description: How old each kind of data may be for the tier of the action, in nanoseconds.
ages := data.config.tiers[action.tier].ages

# METADATA
# description: >-
#   The revision of each document that is loaded; the catalogue's is the policy bundle's. One object
#   where all are there, because five rules cost more than the rest of the answer.
revisions := complete if {
	# an else needs a body before it
	# regal ignore:prefer-value-in-head
	complete := {
		"policy": data.catalog.bundle.revision,
		"iga": data.iga.bundle.revision,
		"pam": data.pam.bundle.revision,
		"trust": data.trust.bundle.revision,
		"revocations": data.revocations.bundle.revision,
	}
} else := _loaded_revisions

_loaded_revisions["policy"] := data.catalog.bundle.revision

_loaded_revisions["iga"] := data.iga.bundle.revision

_loaded_revisions["pam"] := data.pam.bundle.revision

_loaded_revisions["trust"] := data.trust.bundle.revision

_loaded_revisions["revocations"] := data.revocations.bundle.revision

# METADATA
# description: >-
#   The snapshot of each source that is in the documents loaded, by domain and system: what decided, for
#   the evidence. As with the revisions, one object where all are there.
snapshots := complete if {
	# an else needs a body before it
	# regal ignore:prefer-value-in-head
	complete := {"iga": data.iga.listed, "pam": data.pam.listed, "trust": data.trust.listed}
} else := _loaded_snapshots

_loaded_snapshots["iga"] := data.iga.listed

_loaded_snapshots["pam"] := data.pam.listed

_loaded_snapshots["trust"] := data.trust.listed
