"""Why a command ends without doing what was asked, and with which exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the program's exit code means."""

    DONE = 0
    NO = 1
    WRONG_USE = 2
    FAULT = 3
    INTERRUPTED = 130


class CommandError(Exception):
    """A command cannot go on; the message is a sentence with what to do next."""

    exit_code = ExitCode.FAULT


class WrongUseError(CommandError):
    """Something was asked that cannot be done: an unknown recipe, a bad file, a stack that is not up."""

    exit_code = ExitCode.WRONG_USE


class FaultError(CommandError):
    """Something that should have worked did not."""


class StackNotUpError(WrongUseError):
    """Nothing answers at the laptop's port."""


class StoppedError(CommandError):
    """The user stopped what had been started; nothing of it goes on."""

    exit_code = ExitCode.INTERRUPTED


class InterruptedRunError(CommandError):
    """The user stopped watching; what was started goes on."""

    exit_code = ExitCode.INTERRUPTED
