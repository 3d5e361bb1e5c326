# METADATA
# title: Holders
# description: >-
#   The one identity that a verified credential names, and who stands behind it. A name is looked up as it is:
#   the IGA keeps names by ids that cannot be taken over, and there is no pattern among them.
package authz.credentials.holder

import data.authz.credentials.token
import data.authz.facts
import future.keywords.not

# METADATA
# description: The identity that the IGA keeps under the name of the credential.
identity := data.iga.proofs[facts.credential.subject]

# METADATA
# description: Whom the actor of an access token acts for, as an identity of the IGA.
principal := data.iga.proofs[token.principal_name]

# METADATA
# description: Whoever the credential was issued for, where an actor shows it, is known.
# scope: document
principal_known if not _acting

principal_known if is_string(principal)

# METADATA
# description: >-
#   No agent passes for the person who gave it the token: a client that the IGA knows as an agent is either the
#   subject itself or named as the actor.
# scope: document
actor_named if not _hidden_agent

_acting if {
	facts.proof_kind == "access-token"
	token.acted
}

_hidden_agent if {
	facts.proof_kind == "access-token"
	not token.acted
	client := data.iga.proofs[token.client]
	client != input.subject.id
	listed := data.iga.identities[client]
	is_string(listed)
	split(listed, "|")[1] == "agent"
}
