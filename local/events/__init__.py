"""EventBridge on the laptop: events that reach their targets, and schedules that fire."""

from local.events.subsystem import Events, emit

__all__ = ["Events", "emit"]
