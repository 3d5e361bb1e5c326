"""Which decisions a change changes: two sides, the same questions at the same instants, and what differs for people."""
