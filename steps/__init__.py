"""What each state does: pure rules, contracts, ports and errors; and the scripts that carry the jobs."""
