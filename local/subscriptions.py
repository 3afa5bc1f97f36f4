"""SNS subscriptions by e-mail, which moto keeps and never serves: their mails go to the laptop's mailbox."""

from __future__ import annotations

from typing import Any

from moto.sns.models import Subscription

from local import mailbox

NO_SUBJECT = "AWS Notification Message"
_publish_of_moto = Subscription.publish


def install() -> None:
    """Plug into moto, before anything is served."""
    Subscription.publish = _publish  # type: ignore[method-assign,assignment]


def _publish(self: Subscription, message: str, message_id: str, **options: Any) -> None:  # noqa: ANN401 - moto's own
    _publish_of_moto(self, message, message_id, **options)
    # moto looks at the filter too, but tells nobody what came of it.
    wanted = self._filter_policy_matcher
    if wanted is not None and not wanted.matches(options.get("message_attributes"), message):
        return
    if self.protocol == "email":
        is_structured = options.get("message_structure") == "json"
        text = self._parse_message_structure(message, self.protocol) if is_structured else message
        mailbox.deliver(str(self.endpoint), options.get("subject") or NO_SUBJECT, text)
