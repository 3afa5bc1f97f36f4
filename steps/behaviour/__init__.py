"""Behavioural tests: the words they draw from, how rows are changed, the cases, the verdicts and their findings."""
