"""RegisterModel: a model package, pending approval."""
