"""Files damaged in every way: each is read or refused in a sentence, within 5 s and 1 GB, by every reader.

The ways are in `support.hostile.damage`, the sound files in `support.hostile.seeds`. Each reader runs in a process of
its own with a limit of memory. Inputs have numbers from 0 on, by which `python -m support.hostile.trial` makes them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from support.hostile.trial import READERS
from support.paths import TESTS

EVERY_DAY, CAMPAIGN, LONG = 40, 2_000, 10_000
"""inputs for each reader; in all 1e5 and more by hand"""


def trial(reader: str, first: int, end: int) -> list[dict[str, Any]]:
    """Return what came of some inputs, reader by reader."""
    pytest.importorskip("nmrglue")
    command = [sys.executable, "-m", "support.hostile.trial", reader, str(first), str(end)]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(told: list[dict[str, Any]], inputs: int) -> None:
    assert {t["reader"]: t["faults"] for t in told} == {t["reader"]: {} for t in told}
    for t in told:
        assert t["inputs"] == inputs
        assert t["refused"] > 0.03 * inputs
        if inputs >= CAMPAIGN:
            assert t["read"] > 0.02 * inputs, "damage that leaves nothing to read tries nothing but the first check"


def test_every_reader_answers() -> None:
    told = trial("all", 0, EVERY_DAY)
    assert [t["reader"] for t in told] == list(READERS)
    check(told, EVERY_DAY)


@pytest.mark.campaign
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_answers(reader: str) -> None:
    check(trial(reader, 0, CAMPAIGN), CAMPAIGN)


@pytest.mark.long
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_always_answers(reader: str) -> None:
    check(trial(reader, 0, LONG), LONG)
