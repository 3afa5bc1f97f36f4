"""What each Lambda state does with AWS: parse, fetch, decide, answer."""
