package authz.gates.transaction_test

import data.testing.fixtures
import future.keywords.not

_every_day := ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

_window(zone, days, from, to) := {"zone": zone, "days": days, "from": from, "to": to}

_in_vienna(from, to) := _window("Europe/Vienna", _every_day, from, to)

# What the gate says at an instant: until when it passes, or why it does not.
_at_instant(changes, instant) := said if {
	documents := json.patch(fixtures.documents, changes)
	said := _said_by_gate with input as fixtures.ask("query")
		with data.catalog as documents.catalog
		with data.config as documents.config
		with data.iga as documents.iga
		with data.pam as documents.pam
		with data.trust as documents.trust
		with data.revocations as documents.revocations
		with time.now_ns as time.parse_rfc3339_ns(instant)
}

_said_by_gate := time.format(data.authz.gates.transaction.verdict.until) if {
	data.authz.gates.transaction.verdict.pass
	data.authz.gates.transaction.reasons == set()
} else := {reason.id | some reason in data.authz.gates.transaction.reasons} if {
	data.authz.gates.transaction.verdict == {"pass": false}
}

_outside := {"transaction.outside_window"}

_windowed(windows) := [_limit("windows", windows)]

# Vienna is one hour ahead of UTC in winter; the 15th of January 2027 is a Friday.
test_window[note] if {
	office := [_window("Europe/Vienna", ["Friday"], 540, 1020)]
	night := [_window("Europe/Vienna", ["Friday"], 1320, 1440), _window("Europe/Vienna", ["Saturday"], 0, 360)]
	some note, case in {
		"before it opens": {"windows": office, "at": "2027-01-15T07:59:59.999999999Z", "said": _outside},
		"as it opens": {"windows": office, "at": "2027-01-15T08:00:00Z", "said": "2027-01-15T16:00:00Z"},
		"after it opened": {"windows": office, "at": "2027-01-15T08:00:00.000000001Z", "said": "2027-01-15T16:00:00Z"},
		"within a minute": {"windows": office, "at": "2027-01-15T12:34:56.789Z", "said": "2027-01-15T16:00:00Z"},
		"before it closes": {"windows": office, "at": "2027-01-15T15:59:59.999999999Z", "said": "2027-01-15T16:00:00Z"},
		"as it closes": {"windows": office, "at": "2027-01-15T16:00:00Z", "said": _outside},
		"the day before": {"windows": office, "at": "2027-01-14T12:00:00Z", "said": _outside},
		"the day after": {"windows": office, "at": "2027-01-16T12:00:00Z", "said": _outside},
		"the day there, not that of UTC": {
			"windows": [_window("Europe/Vienna", ["Saturday"], 0, 360)],
			"at": "2027-01-15T23:00:00Z",
			"said": "2027-01-16T05:00:00Z",
		},
		"before midnight": {"windows": night, "at": "2027-01-15T22:59:59.999999999Z", "said": "2027-01-15T23:00:00Z"},
		"at midnight": {"windows": night, "at": "2027-01-15T23:00:00Z", "said": "2027-01-16T05:00:00Z"},
		"after that of the next day": {"windows": night, "at": "2027-01-16T05:00:00Z", "said": _outside},
		"over midnight in one, before": {"windows": [_in_vienna(1320, 360)], "at": "2027-01-15T22:00:00Z", "said": _outside},
		"over midnight in one, after": {"windows": [_in_vienna(1320, 360)], "at": "2027-01-16T00:00:00Z", "said": _outside},
		"the longest of those that are open": {
			"windows": [_in_vienna(0, 600), _in_vienna(0, 720), _in_vienna(1200, 1440), _in_vienna(0, 660)],
			"at": "2027-01-15T08:00:00Z",
			"said": "2027-01-15T11:00:00Z",
		},
		"one that cannot be read beside one that is open": {
			"windows": [null, _in_vienna(0, 600)],
			"at": "2027-01-15T08:00:00Z",
			"said": "2027-01-15T09:00:00Z",
		},
		"by the clock of UTC": {"windows": [_window("UTC", ["Friday"], 0, 1440)], "at": "2027-01-15T08:00:00Z", "said": "2027-01-16T00:00:00Z"},
		"a quarter of an hour off": {
			"windows": [_window("Asia/Kathmandu", _every_day, 825, 826)],
			"at": "2027-01-15T08:00:59Z",
			"said": "2027-01-15T08:01:00Z",
		},
	}
	_at_instant(_windowed(case.windows), case.at) == case.said
}

test_window_of_the_whole_answer if {
	fixtures.answer({"ask": fixtures.ask("query"), "to": _windowed([_in_vienna(540, 541)])}).context.valid_until == "2027-01-15T08:01:00Z"
	fixtures.holds({"ask": fixtures.ask("query"), "to": _windowed([_in_vienna(541, 600)]), "reasons": {_retry("outside_window")}})
}

test_window_unreadable[note] if {
	some note, windows in {
		"none": [],
		"no list": {"office": _in_vienna(0, 1440)},
		"text": "always",
		"null": null,
		"a window that is none": ["always"],
		"no zone": [object.remove(_in_vienna(0, 1440), ["zone"])],
		"a zone that is no text": [_window(1, _every_day, 0, 1440)],
		"the zone of the machine": [_window("Local", _every_day, 0, 1440)],
		"an empty zone": [_window("", _every_day, 0, 1440)],
		"a path": [_window("Europe/../Europe/Vienna", _every_day, 0, 1440)],
		"a zone that nobody knows": [_window("Europe/Nowhere", _every_day, 0, 1440)],
		"no days": [object.remove(_in_vienna(0, 1440), ["days"])],
		"a day that is no list": [_window("UTC", "Friday", 0, 1440)],
		"days by their names": [_window("UTC", {"Friday": "Friday"}, 0, 1440)],
		"a day in another case": [_window("UTC", ["friday", "Fri"], 0, 1440)],
		"no begin": [object.remove(_in_vienna(0, 1440), ["from"])],
		"a begin that is no number": [_in_vienna("0", 1440)],
		"a begin that is null": [_in_vienna(null, 1440)],
		"no end": [object.remove(_in_vienna(0, 1440), ["to"])],
		"an end that is no number": [_in_vienna(0, "1440")],
		"an end after midnight": [_in_vienna(0, 1441)],
		"an end between two minutes": [_in_vienna(0, 600.5)],
	}
	_at_instant(_windowed(windows), "2027-01-15T08:00:00Z") == _outside
}

# At 01:00 UTC, Vienna goes from 02:00 to 03:00 on the 29th of March, and from 03:00 to 02:00 on the 25th of October.
test_window_when_clocks_change[note] if {
	always := [_in_vienna(0, 1440)]
	some note, case in {
		"forward, closing later": {"windows": [_in_vienna(0, 210)], "at": "2026-03-29T00:30:00Z", "said": "2026-03-29T01:30:00Z"},
		"forward, closing as it would": {"windows": [_in_vienna(0, 120)], "at": "2026-03-29T00:30:00Z", "said": "2026-03-29T01:00:00Z"},
		"forward, over its end": {"windows": [_in_vienna(0, 150)], "at": "2026-03-29T00:30:00Z", "said": "2026-03-29T01:00:00Z"},
		"forward, over all of it": {"windows": [_in_vienna(120, 180)], "at": "2026-03-29T01:00:00Z", "said": _outside},
		"forward, before all of it": {
			"windows": [_in_vienna(120, 180)],
			"at": "2026-03-29T00:59:59.999999999Z",
			"said": _outside,
		},
		"forward, over its begin": {"windows": [_in_vienna(150, 240)], "at": "2026-03-29T01:00:00Z", "said": "2026-03-29T02:00:00Z"},
		"a day of 23 hours": {"windows": always, "at": "2026-03-28T23:00:00Z", "said": "2026-03-29T22:00:00Z"},
		"back, closing the first time": {"windows": [_in_vienna(0, 150)], "at": "2026-10-24T23:00:00Z", "said": "2026-10-25T00:30:00Z"},
		"back, closed in between": {"windows": [_in_vienna(0, 150)], "at": "2026-10-25T00:30:00Z", "said": _outside},
		"back, open again": {"windows": [_in_vienna(0, 150)], "at": "2026-10-25T01:00:00Z", "said": "2026-10-25T01:30:00Z"},
		"back, closing an hour later": {"windows": [_in_vienna(0, 180)], "at": "2026-10-24T23:00:00Z", "said": "2026-10-25T02:00:00Z"},
		"back, closed by it": {"windows": [_in_vienna(150, 180)], "at": "2026-10-25T00:45:00Z", "said": "2026-10-25T01:00:00Z"},
		"a day of 25 hours": {"windows": always, "at": "2026-10-24T22:00:00Z", "said": "2026-10-25T23:00:00Z"},
		"by half an hour": {
			"windows": [_window("Australia/Lord_Howe", ["Sunday"], 0, 1440)],
			"at": "2026-04-04T14:00:00Z",
			"said": "2026-04-05T13:30:00Z",
		},
		# Beirut has no midnight between that day and the next; the window of the next day is another.
		"midnight itself": {
			"windows": [_window("Asia/Beirut", _every_day, 0, 1440)],
			"at": "2026-03-28T12:00:00Z",
			"said": "2026-03-28T22:00:00Z",
		},
	}
	_at_instant(_windowed(case.windows), case.at) == case.said
}
