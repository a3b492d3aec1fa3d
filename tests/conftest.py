"""What all tests need of the process that they run in."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

# Tests run side by side, one to a processor: libraries of linear algebra, which read this when they are loaded, would
# else wait in turns on threads of each other, for a third of the time of the whole suite.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")

pytest.register_assert_rewrite("support")

# A shell that starts a program in the background may have it ignore Ctrl-C, and so do the programs that it starts in
# turn; the tests that interrupt a command need the usual way.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of this run that all its processes share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(autouse=True, scope="session")
def _studies_can_be_written() -> Iterator[None]:
    """Whatever study a test reads is written as TOML, read again and compared with the first."""
    from support.round_trip import checked_base_and_candidates

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nanocrystal.study.candidates.base_and_candidates", checked_base_and_candidates)
        yield
