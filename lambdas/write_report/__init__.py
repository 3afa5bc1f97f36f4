"""WriteReport: all that a run found out, in one file for whoever decides."""
