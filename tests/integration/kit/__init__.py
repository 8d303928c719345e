"""What the integration tests stand on: a stack, cells in it, workers, and a client that may send anything."""
