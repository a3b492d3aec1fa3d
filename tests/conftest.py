"""What all tests need of the process that they run in."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("support")

# A shell that starts a program in the background may have it ignore Ctrl-C, and so do the programs that it starts in
# turn; the tests that interrupt a command need the usual way.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _studies_can_be_written() -> Iterator[None]:
    """Whatever study a test reads is written as TOML, read again and compared with the first."""
    from support.round_trip import checked_base_and_candidates

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nanocrystal.study.candidates.base_and_candidates", checked_base_and_candidates)
        yield
