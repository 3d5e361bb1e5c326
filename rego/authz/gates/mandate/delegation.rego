package authz.gates.mandate

import data.authz.facts
import future.keywords.not

# How a mandate came to the agent: every mandate on the way is an active agent's, in force, covers this
# for the same person, has its limits kept, and let the next agent have it at this depth.

_delegated if every i, ancestor in facts.ancestors { _passed_on(i, ancestor) }

_passed_on(i, ancestor) if {
	_live(ancestor.agent, ancestor.id)
	facts.now < _agent_until(ancestor.agent)
	_hands_down(ancestor)
	_limits_kept(ancestor.agent, ancestor.id)
	_may_delegate(i, ancestor)
}

_hands_down(ancestor) if {
	data.pam.mandates[ancestor.agent][ancestor.id].subject == facts.represented
	_covers(ancestor.agent, ancestor.id)
}

_may_delegate(i, ancestor) if {
	is_number(data.pam.mandates[ancestor.agent][ancestor.id].delegation.max_depth)
	data.pam.mandates[ancestor.agent][ancestor.id].delegation.max_depth >= count(facts.ancestors) - i
	data.pam.mandates[ancestor.agent][ancestor.id].delegation.delegates[facts.lineage[i + 1].agent] == true
}

# Until when an agent that passed its mandate on is listed as an active one.
_agent_until(agent) := facts.iga_until(system) if {
	["active", "agent", _, system, _] = split(data.iga.identities[agent], "|")
}

_limits_kept(agent, id) if not _limited(agent, id)

_limits_kept(agent, id) if facts.within_limits(data.pam.mandates[agent][id].limits)

_limited(agent, id) if _ = data.pam.mandates[agent][id].limits
