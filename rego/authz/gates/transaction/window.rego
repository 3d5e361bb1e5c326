package authz.gates.transaction

import data.authz.facts
import future.keywords.not

# When a window that is open now closes, to the nanosecond. Reckoned from the wall clock as if it ran
# on evenly, and checked against what it will show then; where it will have been put forward or back
# in between, by what it shows right after that.

_minute := 60000000000

# Every change of a wall clock happens at a whole quarter of an hour of UTC (in all IANA zones today).
_quarter := 900000000000

_closes(window) := _corrected(window, planned) if {
	_readable(window)
	_open(window, facts.now)
	[hour, minute, second] := time.clock([facts.now, window.zone])
	fraction := facts.now % 1000000000
	begun := (facts.now - fraction) - (second * 1000000000)
	planned := begun + ((window.to - ((hour * 60) + minute)) * _minute)
}

# `time.clock` fails on what is no zone. The pattern is that of the catalogue's schema.
_readable(window) if {
	is_string(window.zone)
	regex.match(`^(UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$`, window.zone)
	is_array(window.days)
	is_number(window.from)
	is_number(window.to)
	window.to <= 1440
}

_open(window, instant) if {
	minute := _wall(window, instant)
	window.from <= minute
	minute < window.to
	time.weekday([instant, window.zone]) in window.days
}

# Minutes since midnight on the wall.
_wall(window, instant) := (hour * 60) + minute if [hour, minute, _] := time.clock([instant, window.zone])

# Midnight is minute 1440 of the day that ends, and 0 of the next.
_corrected(window, planned) := planned if {
	_wall(window, planned) in {window.to, window.to - 1440}
} else := _across(window, _change(window))

# The first quarter of an hour at which the wall clock does not show what it would if it ran on evenly.
_change(window) := min([instant |
	quarter := facts.now - (facts.now % _quarter)
	shown := _wall(window, quarter)
	some n in numbers.range(1, 96)
	instant := quarter + (n * _quarter)
	_wall(window, instant) != (shown + (n * 15)) % 1440
])

# A window is one day's: where midnight itself is passed over, as in Beirut, the one of the next day is another.
_across(window, change) := change + ((window.to - _wall(window, change)) * _minute) if {
	_open(window, change)
	time.weekday([change, window.zone]) == time.weekday([facts.now, window.zone])
} else := change
