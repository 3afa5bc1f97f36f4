"""Whether a request is a legal one, by the service models that botocore's own clients are made from.

botocore itself checks types, required members and unknown ones, and only where a client leaves that check on; AWS also
checks lengths, ranges, patterns and enums. All of it is in the models.
"""

from local.service_models.constraints import Broken, broken_constraints, message_of

__all__ = ["Broken", "broken_constraints", "message_of"]
