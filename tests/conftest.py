"""What all tests need of the process that they run in."""

from __future__ import annotations

import signal

# A shell that starts a program in the background may have it ignore Ctrl-C, and so do the programs that it starts in
# turn; the tests that interrupt a command need the usual way.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
