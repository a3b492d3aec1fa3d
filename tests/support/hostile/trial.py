"""Damaged inputs read one after another, under limits of time and memory, and what came of each.

python -m support.hostile.trial bruker 0 1000      # in tests/: the counts, and where it broke
python -m support.hostile.trial bruker 17 18 --keep /tmp/17
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.errors import NanocrystalError
from support.hostile.damage import damaged
from support.hostile.seeds import READERS as OF_FILES
from support.hostile.seeds import Files, Reader, Seed
from support.hostile.studies import read_and_bound, value_seeds, with_another_value

READERS = {**OF_FILES, "values of studies": Reader(value_seeds, read_and_bound)}
SECONDS = 5.0
"""that an input may take"""
MEMORY = 1 << 30
"""bytes that reading may take beyond what the process has before the first input"""
READ, REFUSED = "read", "refused"
_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
LONGEST = 3000
"""characters of a message"""


class TooSlow(BaseException):
    """An input has taken longer than it may."""


def made(reader: str, number: int) -> tuple[int, Files, tuple[str, ...]]:
    """Return the seed of one input, its damaged files, and words of which a refusal must say one."""
    rng = random.Random(f"{reader} {number}")
    seeds = READERS[reader].seeds()
    which = rng.randrange(len(seeds))
    if reader == "values of studies":
        return which, *with_another_value(which, rng)
    seed = seeds[which]
    name = rng.choice(seed.damaged)
    files = {name: damaged(seed.files[name], rng)}
    if rng.random() < 0.02:
        other = rng.choice(sorted(seed.files))
        files[other] = rng.choice((b"", b"\0" * 40, b"x", seed.files[name]))
    return which, files, ()


def answer(reader: str, path: Path, words: tuple[str, ...] = ()) -> str:
    """Return READ or REFUSED where an input was answered as it should be, else what is wrong with the answer.

    words: of which a refusal must say one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for values in READERS[reader].read(path):
                if not np.isfinite(values).all():
                    return "read, but not finite"
    except NanocrystalError as error:
        said = str(error)
        if not said.strip() or len(said) > LONGEST:
            return f"a message of {len(said)} characters at {place(error.__traceback__)}"
        if words and not any(word in said for word in words):
            return f"does not say {' or '.join(words)} at {place(error.__traceback__)}: {said[-200:]}"
        return f"controls in a message at {place(error.__traceback__)}" if _CONTROLS.search(said) else REFUSED
    except TooSlow:
        return f"longer than {SECONDS:g} s at {place(sys.exc_info()[2])}"
    except BaseException as error:
        return f"{type(error).__name__} at {place(error.__traceback__)}"
    return READ


def place(trace: Any) -> str:
    """Return the last line of the package that a traceback passes."""
    own = [f for f in traceback.extract_tb(trace) if "nanocrystal" in f.filename] or traceback.extract_tb(trace)
    return f"{Path(own[-1].filename).name}:{own[-1].lineno} {own[-1].name}"


def read_or_refused(reader: str, path: Path) -> bool:
    """Say whether an input is read."""
    try:
        READERS[reader].read(path)
    except NanocrystalError:
        return False
    return True


@contextmanager
def within_seconds() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def laid_out(folder: Path, seed: Seed) -> None:
    for name, content in seed.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def tried(reader: str, numbers: Sequence[int], keep: Path | None = None) -> dict[str, Any]:
    """Return how many inputs were read and refused, the faults with their inputs, the longest time and all time (s)."""
    faults: dict[str, list[int]] = {}
    slowest, answers, first = 0.0, Counter[str](), time.process_time()
    with tempfile.TemporaryDirectory() as name:
        folders: dict[int, Path] = {}
        for number in numbers:
            which, files, words = made(reader, number)
            seed = READERS[reader].seeds()[which]
            if which not in folders:
                folders[which] = Path(name) / str(which)
                laid_out(folders[which], seed)
            for file, content in files.items():
                (folders[which] / file).write_bytes(content)
            if keep is not None:
                shutil.copytree(folders[which], keep, dirs_exist_ok=True)
            begun = time.perf_counter()
            with within_seconds():
                said = answer(reader, folders[which] / seed.named, words)
            slowest = max(slowest, time.perf_counter() - begun)
            if said in (READ, REFUSED):
                answers[said] += 1
            else:
                faults.setdefault(said, []).append(number)
            for file in files:
                (folders[which] / file).write_bytes(seed.files[file])
    told = {"reader": reader, "inputs": len(numbers), READ: answers[READ], REFUSED: answers[REFUSED], "faults": faults}
    return {**told, "slowest": slowest, "cpu": time.process_time() - first}


def memory_taken(call: Callable[[], object]) -> int:
    """Return how many bytes of Python and numpy a call has at most taken at once."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def limit_memory() -> None:
    """Allow the process no more memory than it has, and `MEMORY`."""
    if not Path("/proc/self/statm").is_file():
        return
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + MEMORY, has + MEMORY))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("reader", help="all, or one of " + ", ".join(READERS))
    parser.add_argument("first", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    readers = list(READERS) if given.reader == "all" else [given.reader]
    for reader in readers:  # once without limits, so that what is imported on the way is there
        for k, seed in enumerate(READERS[reader].seeds()):
            with tempfile.TemporaryDirectory() as name:
                laid_out(Path(name), seed)
                if not read_or_refused(reader, Path(name) / seed.named):
                    raise SystemExit(f"the seed {k} of {reader} is not read")
    limit_memory()
    for reader in readers:
        print(json.dumps(tried(reader, range(given.first, given.end), given.keep)), flush=True)


if __name__ == "__main__":
    main()
