"""ReportFault: the state that failed, in its own words."""
