"""AWS on a laptop."""
