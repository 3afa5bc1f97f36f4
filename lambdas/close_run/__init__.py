"""CloseRun: how a run that was told no ends."""
