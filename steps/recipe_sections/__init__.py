"""The sections of a recipe, one file for each part of the way from data to endpoint."""
