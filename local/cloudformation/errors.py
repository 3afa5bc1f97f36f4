"""Why a deployment cannot begin, or fails."""

from __future__ import annotations


class TemplateError(Exception):
    """A template or its parameters are wrong; the message is CloudFormation's own where it has one."""


class ResourceError(Exception):
    """A resource cannot be created, updated or deleted.

    physical_id: of what exists all the same and must be deleted in a rollback, or None
    """

    def __init__(self, reason: str, physical_id: str | None = None) -> None:
        super().__init__(reason)
        self.physical_id = physical_id
