package authz.gates.transaction

import data.authz.facts
import future.keywords.not

# When the action may happen: windows by the wall clock of a place, and the change freezes. A person's
# break-glass lifts both, and then neither ends anything.

_window_until := facts.never if {
	not _limits("windows")
} else := facts.never if {
	_lifted
} else := max([until | some window in facts.action.limits.windows; until := _closes(window)]) if {
	is_array(facts.action.limits.windows)
}

_freezing if {
	_limits("freezes")
	not _unfrozen
}

_unfrozen if facts.action.limits.freezes == false

_unfrozen if _lifted

_lifted if {
	facts.identity[1] == "human"
	facts.emergency
}

_frozen if _freezes != set()

# The freezes that hold now and here: all but those that are certainly over, to come, or elsewhere.
_freezes contains name if {
	_freezing
	some name, freeze in data.catalog.freezes
	not _over(freeze)
	not _to_come(freeze)
	not _elsewhere(freeze)
}

_over(freeze) if {
	_dated(freeze)
	freeze.to <= facts.now
}

_to_come(freeze) if {
	_dated(freeze)
	facts.now < freeze.from
}

_elsewhere(freeze) if {
	_dated(freeze)
	is_object(freeze.environments)
	is_string(facts.environment)
	not facts.environment in object.keys(freeze.environments)
}

_freeze_until := min([until | some until in _freezes_to_come]) if {
	_freezes_to_come != set()
} else := facts.never

_freezes_to_come contains freeze.from if {
	_freezing
	some freeze in data.catalog.freezes
	_to_come(freeze)
	not _elsewhere(freeze)
	freeze.from < freeze.to
}

# Of one without its instants, nobody can say that it is not now.
_dated(freeze) if {
	is_number(freeze.from)
	is_number(freeze.to)
}
