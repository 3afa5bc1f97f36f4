"""Taking a stack down: what it is, what belongs to it, and removing that."""
