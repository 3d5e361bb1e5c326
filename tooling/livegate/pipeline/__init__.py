"""The flow put together: sources → snapshots → documents → signed bundles. What a command calls."""
