"""Who says yes to a recipe's model, and when nobody has to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steps.recipe_sections.base import EmailAddress, Section


class ApprovalSection(Section):
    """Who is asked, how long, and when nobody needs to be."""

    policy: Literal["always", "when_not_clearly_better", "never"] = Field(
        default="always", description="When a person must say yes."
    )
    approvers: list[EmailAddress] = Field(
        min_length=1, max_length=20, description="Each gets a mail with a link of their own."
    )
    deadline_seconds: int = Field(
        default=7 * 24 * 3600, ge=1, le=30 * 24 * 3600, description="After it the run ends in ApprovalExpired."
    )
    trial: Literal["none", "serverless", "instance"] | None = Field(
        default=None,
        description="Where approvers try the candidate beside the live version while they are asked: a `serverless` "
        "endpoint, an `instance` of endpoint.instance_type, or `none`. Without it serverless for the default image of "
        "a text, else an instance.",
    )
