"""Keeps what native libraries write at their start away from people, unless it is what they must read."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from serving.source import SourceError

_STDERR = 2


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back the process's standard error, below Python too; it is written after all when the work ends in a crash.

    TensorFlow says a dozen lines about graphics cards before any setting of it counts.
    """
    sys.stderr.flush()
    outside = os.dup(_STDERR)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), _STDERR)
        try:
            yield
        except SourceError:
            raise  # its sentence says all
        except Exception:
            kept.seek(0)
            os.write(outside, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(outside, _STDERR)
            os.close(outside)
