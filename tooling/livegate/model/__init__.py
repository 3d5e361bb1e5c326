"""The canonical records: what every source is mapped to. No I/O, nothing of ours imported."""
