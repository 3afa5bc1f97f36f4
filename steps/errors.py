"""Every fault the release treats by name.

Step Functions matches the bare class name, never a base class, so each fault the workflow
handles differently has a class of its own here. A "no" (rejected data, failed metrics, a denied
approval) is a result and is never raised.
"""

from typing import Literal

from steps.shortened import MESSAGE_BYTES, shortened


class ReleaseError(Exception):
    """A release cannot go on; the message says what was wrong, where, and what to do.

    A very long message is cut: it becomes a Cause in the run's state.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(shortened(message, MESSAGE_BYTES))


class RecipeInvalidError(ReleaseError):
    """The recipe does not exist or breaks a rule of the recipe model."""


class DeploymentRefusedError(ReleaseError):
    """What is being deployed could not work."""


class PriceMissingError(ReleaseError):
    """The price table does not say what a region or an instance costs."""


class DataUnavailableError(ReleaseError):
    """The data a run was asked to use cannot be read."""


class ModelUnavailableError(ReleaseError):
    """The model archive a run was asked to import cannot be read."""


class NoModelFoundError(ReleaseError):
    """A search for hyperparameters ended without a model that could be compared."""


class ArtifactMissingError(ReleaseError):
    """An artifact that an earlier state should have written is not there."""


class ArtifactChangedError(ReleaseError):
    """The model artifact is not the one that was evaluated and approved."""


class EndpointUpdateError(ReleaseError):
    """The endpoint is in a status from which it can be neither created nor updated."""


class EndpointBusyError(ReleaseError):
    """Another change to the endpoint is in progress; worth waiting for."""


class MailError(ReleaseError):
    """A mail could not be handed to the mail service."""


class RecipientUnconfirmedError(MailError):
    """Whom a mail is for has not confirmed yet that they want any; it was not sent."""


class PredictionError(ReleaseError):
    """The endpoint did not answer, or answered something that is no prediction.

    why: there is no such endpoint (`absent`), it has too much to do just now (`busy`), or anything else (`failed`)
    """

    def __init__(self, message: str = "", why: Literal["absent", "busy", "failed"] = "failed") -> None:
        super().__init__(message)
        self.why = why


class ServiceUnavailableError(ReleaseError):
    """An AWS service did not answer in time or asked to slow down; worth trying again."""


class ServiceRefusedError(ReleaseError):
    """An AWS service refused a request; the message carries its words, usually about a permission."""
