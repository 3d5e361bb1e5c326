package custom.regal.rules.custom["not-imported_test"]

import data.custom.regal.rules.custom["not-imported"] as rule
import future.keywords.not

_report(text) := violations if {
	violations := rule.report with input as regal.parse_module("policy.rego", text)
}

test_imported if {
	_report("package p\n\nimport future.keywords.not\n\nallow if not input.x\n") == set()
}

test_imported_among_others if {
	_report("package p\n\nimport data.q\nimport future.keywords.not\n\nallow if not input.x\n") == set()
}

test_another_keyword_imported if {
	count(_report("package p\n\nimport future.keywords.in\n\nallow if 1 in input.x\n")) == 1
}

test_not_imported[text] if {
	some text in [
		"package p\n\nallow if not input.x\n",
		"package p\n\nimport data.q\n\nallow if q.x\n",
	]
	count(_report(text)) == 1
}
