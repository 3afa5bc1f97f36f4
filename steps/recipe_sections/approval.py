"""Who says yes to a recipe's model, when nobody has to, and what happens when nobody answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from steps.recipe_sections.base import EmailAddress, Section

AtDeadline = Literal["expire", "deny", "approve_if_clearly_better"]

# Shares of the whole time that are left when nobody says otherwise.
REMINDER_PART = 4
ESCALATION_PART = 8


class ApprovalSection(Section):
    """Who is asked, how long, and when nobody needs to be."""

    policy: Literal["always", "when_not_clearly_better", "never"] = Field(
        default="always", description="When a person must say yes."
    )
    approvers: list[EmailAddress] = Field(
        min_length=1, max_length=20, description="Each gets a mail with a link of their own."
    )
    quorum: int = Field(
        default=1, ge=1, le=20, description="How many of them must approve; a single denial decides at once."
    )
    deadline_seconds: int = Field(
        default=7 * 24 * 3600, ge=1, le=30 * 24 * 3600, description="How long an answer is waited for."
    )
    at_deadline: AtDeadline = Field(
        default="expire",
        description="What then happens: the run ends in ApprovalExpired (`expire`) or in ApprovalDenied (`deny`), or a "
        "clearly better model goes live and any other expires (`approve_if_clearly_better`).",
    )
    reminder_seconds: int | None = Field(
        default=None,
        ge=0,
        description="How long before the deadline those who have not answered are reminded; 0 for never, by default "
        "when a quarter of the time is left.",
    )
    escalate_to: list[EmailAddress] = Field(
        default=[],
        max_length=20,
        description="Further people who are asked when the deadline is near; any of them counts.",
    )
    escalation_seconds: int | None = Field(
        default=None,
        ge=0,
        description="How long before the deadline they are asked; by default when an eighth of the time is left.",
    )
    trial: Literal["none", "serverless", "instance"] | None = Field(
        default=None,
        description="Where approvers try the candidate beside the live version while they are asked: a `serverless` "
        "endpoint, an `instance` of endpoint.instance_type, or `none`. Without it serverless for the default image of "
        "a text, else an instance.",
    )

    @property
    def everybody(self) -> list[str]:
        """All who may come to be asked."""
        return [*self.approvers, *self.escalate_to]

    @property
    def reminder_before(self) -> int:
        """Seconds before the deadline at which people are reminded; 0 for never."""
        return self.deadline_seconds // REMINDER_PART if self.reminder_seconds is None else self.reminder_seconds

    @property
    def escalation_before(self) -> int:
        """Seconds before the deadline at which others are asked; 0 when there are none."""
        if not self.escalate_to:
            return 0
        return self.deadline_seconds // ESCALATION_PART if self.escalation_seconds is None else self.escalation_seconds

    @model_validator(mode="after")
    def _parts_agree(self) -> ApprovalSection:
        known: set[str] = set()
        for address in self.everybody:
            if address.casefold() in known:
                raise ValueError(f"{address} is named twice, and a person has one vote; remove one of them")
            known.add(address.casefold())
        if self.quorum > len(self.approvers):
            raise ValueError(
                f"quorum is {self.quorum}, but approvers names {len(self.approvers)}; lower it, or name more people"
            )
        for name in ("reminder_seconds", "escalation_seconds"):
            seconds = getattr(self, name)
            if seconds is not None and seconds >= self.deadline_seconds:
                raise ValueError(
                    f"{name} is {seconds}, so it would lie before the question is asked; "
                    f"choose less than deadline_seconds, {self.deadline_seconds}"
                )
        if self.escalation_seconds is not None and not self.escalate_to:
            raise ValueError("escalation_seconds has no meaning without escalate_to; name people there, or remove it")
        if self.escalation_seconds == 0:
            raise ValueError("escalation_seconds is 0, so nobody would be asked in time; choose more, or remove it")
        return self
