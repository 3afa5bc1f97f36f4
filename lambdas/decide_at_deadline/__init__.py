"""DecideAtDeadline: the policy's word when people gave none in time."""
