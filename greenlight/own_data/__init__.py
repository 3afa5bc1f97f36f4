"""A recipe for somebody's own CSV: the file is surveyed, a recipe drafted from what is in it, and written down."""
