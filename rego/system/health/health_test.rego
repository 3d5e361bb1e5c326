package system.health_test

import data.system.health
import data.testing.fixtures
import future.keywords.not

_ready(changes) := answer if {
	docs := json.patch(fixtures.documents, changes)
	answer := health.ready with data.catalog as docs.catalog
		with data.iga as docs.iga
		with data.pam as docs.pam
		with data.trust as docs.trust
		with data.revocations as docs.revocations
		with time.now_ns as fixtures.now
}

test_live if health.live

test_ready if _ready([]) == true

test_not_ready_without_documents if health.ready == false

test_not_ready[root] if {
	some root in ["catalog", "iga", "pam", "trust", "revocations"]
	path := sprintf("/%s/bundle/expires_at", [root])
	_ready([fixtures.put(path, fixtures.now + 1)]) == true
	_ready([fixtures.put(path, fixtures.now)]) == false
	_ready([fixtures.put(path, "2099")]) == false
	_ready([fixtures.put(path, null)]) == false
	_ready([fixtures.drop(path)]) == false
	_ready([fixtures.put(sprintf("/%s", [root]), {})]) == false
}
