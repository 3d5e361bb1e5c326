# METADATA
# title: Mandate gate
# description: >-
#   An agent acts within what a person commissioned it to do: a live mandate for this task, action and
#   resource, derived from none that says less, within its limits, approved where the action asks for
#   that; and the person could do it too. Every answer is for one action: the next one is asked again.
package authz.gates.mandate

import data.authz.facts
import future.keywords.not

# METADATA
# description: Passes for who is no agent, and for an agent whose mandate covers exactly this.
# scope: document
default verdict := {"pass": false}

verdict := {"pass": true} if {
	not facts.agent
} else := {
	"pass": true,
	"until": _until,
	"store": false,
	"depends_on": _depends_on,
	"obligations": array.concat(
		[{
			"id": "reevaluate",
			"type": "reevaluate",
			"properties": {"chain": facts.chain.id, "before": "next_action"},
		}],
		_use_obligations,
	),
	"evidence": {
		"id": input.context.mandate,
		"principal": facts.represented,
		"task": input.context.task,
		"chain": facts.chain.id,
		"ancestors": [ancestor.id | some ancestor in facts.ancestors],
		"grant": _grant[3],
		"approval": _approval_id,
		"source": _system,
		"snapshot": _snapshot,
	},
} if {
	_live(input.subject.id, input.context.mandate)
	_covers(input.subject.id, input.context.mandate)
	_limits_kept(input.subject.id, input.context.mandate)
	_delegated
	_principal_may
	_approved
	facts.chain
	facts.now < _until
}

# The end of all that is relied on. Each of these was shown to be a number by the rule that relies on it.
_until := min(array.flatten([
	[_ends(mandate.agent, mandate.id) | some mandate in facts.lineage],
	[_agent_until(ancestor.agent) | some ancestor in facts.ancestors],
	[_grant[0], _principal_until, _approval_until],
]))

# Whoever counts uses is told of one.
default _use_obligations := []

_use_obligations := [{
	"id": "notify:use",
	"type": "notify",
	"properties": {"event": "use", "approval": _approval.id},
}] if {
	_approval_asked
	_has(_approval, "max_uses")
}

# As an answer for an agent is never stored, this only says what it was made from.
_depends_on := [
	"action.properties",
	"context.chain",
	"context.counters",
	"context.credential",
	"context.mandate",
	"context.task",
	"context.tool",
	"context.uses",
]

_system := data.pam.mandates[input.subject.id][input.context.mandate].system

default _snapshot := ""

_snapshot := data.pam.snapshots[_system].id
