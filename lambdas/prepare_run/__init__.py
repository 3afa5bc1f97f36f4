"""PrepareRun: what is new, what is reused, and the lock."""
