"""What the command prints where nobody reads it any more: `| head`, a terminal that was closed, a log on a full disk.

A fit is not lost for want of a reader, and nothing is wrong with it.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from nanocrystal.systems import leads_nowhere

GONE = (errno.EPIPE, errno.EIO, errno.ECONNRESET, errno.ESHUTDOWN)
"""how a system says that there is no reader; on Windows a closed pipe is EINVAL"""


class Output:
    """A stream that drops what is written to it once its reader has gone; all else is asked of the stream.

    may_fail: whether it drops what cannot be written for any other reason, too.
    """

    def __init__(self, stream: TextIO, may_fail: bool) -> None:
        self._stream, self._may_fail = stream, may_fail

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._drop(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        """Have what is still to be written go nowhere; raises the error where there is a reader."""
        leads_nowhere(self._stream)
        is_gone = error.errno in GONE or (os.name == "nt" and error.errno == errno.EINVAL)
        if not is_gone and not self._may_fail:
            raise OSError(error.errno, error.strerror, "standard output")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def printing() -> Iterator[None]:
    """Let the command go on where nobody reads what it prints; raises SystemExit where that cannot be printed."""
    for name, may_fail in (("stdout", False), ("stderr", True)):
        stream = getattr(sys, name)
        if stream is not None:
            setattr(sys, name, Output(stream, may_fail))
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        print(f"Error: {error.filename}: {error.strerror}.", file=sys.stderr)
        raise SystemExit(1) from None
