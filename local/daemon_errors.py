"""Why the laptop stack could not be started or stopped; each message says what to do."""


class DaemonError(Exception):
    """The laptop stack could not be started or stopped; the message says what to do."""


class PortInUseError(DaemonError):
    """Something else listens on the port."""


class OtherPortError(DaemonError):
    """The stack of this home already runs on another port."""


class DiskFullError(DaemonError):
    """Too little space is left at the home."""


class HomeUnusableError(DaemonError):
    """The directory of the home cannot be made."""


class StartFailedError(DaemonError):
    """The server ended, or did not answer, before it was ready; the message ends with its last log lines."""
