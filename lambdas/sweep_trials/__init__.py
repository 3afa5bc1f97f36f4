"""Removes what trials have made, once their question is no longer open."""
