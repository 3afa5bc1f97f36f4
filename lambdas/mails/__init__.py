"""Mails, as text and as HTML."""
