"""What can go wrong with policies and roles."""

from __future__ import annotations


class UnsupportedPolicyError(ValueError):
    """A policy uses something the laptop cannot evaluate; the message names it."""


class AssumeRoleError(Exception):
    """A role cannot be assumed: it does not exist, or its trust policy does not let the service."""
