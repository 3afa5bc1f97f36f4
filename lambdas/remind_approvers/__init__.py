"""RemindApprovers: the mails that follow the question."""
