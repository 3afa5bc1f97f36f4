"""Candidate and live version side by side, for whoever is asked about the candidate."""
