"""StartRun: starts a run for a schedule, an upload, an alarm or a caller."""
