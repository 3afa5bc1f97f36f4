"""RequestApproval: the mail that asks."""
