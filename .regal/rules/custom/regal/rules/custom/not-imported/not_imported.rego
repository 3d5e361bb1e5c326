# METADATA
# title: not-imported
# description: Import `future.keywords.not`
# custom:
#   category: custom
# related_resources:
#   - description: >-
#       Without the import `not f(x.y)` is undefined, not true, where `x.y` is missing, so that a rule
#       that denies what is missing would not.
#     ref: https://www.openpolicyagent.org/docs/policy-language/#negation
package custom.regal.rules.custom["not-imported"]

import data.regal.result
import future.keywords.not

report contains violation if {
	not _imported
	violation := result.fail(rego.metadata.chain(), result.location(input["package"]))
}

_imported if {
	some imported in input.imports
	[part.value | some part in imported.path.value] == ["future", "keywords", "not"]
}
