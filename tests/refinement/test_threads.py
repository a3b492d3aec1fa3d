"""The same to the last bit, whatever number of threads there are, and however often it is run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal import linear_algebra
from nanocrystal.kernels.pairs import cluster_moments
from nanocrystal.report.outcome import digest_of
from support.killed_verbs import NEW, STUDY, VERBS, State, Verb
from support.small_study import ATOMS_STUDY, SmallStudy, noisy_rows
from support.structures import cubic_cluster

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def found(verb: Verb, folder: Path, threads: int) -> State:
    """Return what a command finds, but for times, that may use so many threads and processors."""
    folder.mkdir()
    verb.makes(folder, NEW)
    processors = sorted(os.sched_getaffinity(0))[:threads]
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads)), "PYTHONHASHSEED": str(threads)}
    run = f"import os; os.sched_setaffinity(0, {processors}); from nanocrystal.cli import main; main()"
    words = [sys.executable, "-c", run, *verb.words, "--out", str(folder / verb.out)]
    subprocess.run(words, cwd=folder, env=environment, check=False, capture_output=True)
    return verb.state(folder)


def of_atoms(folder: Path, title: str) -> None:
    small = SmallStudy(folder).write("ni.gr", "\n".join(noisy_rows()))
    small.text = ATOMS_STUDY
    small.write("study.toml", small.text)


OF_CAMPAIGN = ("refine", "of atoms", "series", "posterior")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs processors to choose")
@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(name, marks=pytest.mark.campaign) for name in OF_CAMPAIGN),
        *(pytest.param(name, marks=pytest.mark.long) for name in ("compare", "reduce", "plan", "simulate", "nmr")),
    ],
)
def test_a_record_is_the_same_for_any_number_of_threads(tmp_path: Path, name: str) -> None:
    verb = Verb(("refine", STUDY), of_atoms) if name == "of atoms" else VERBS[name]
    verb = replace(verb, words=tuple(word for word in verb.words if word not in ("--workers", "1")))
    one = found(verb, tmp_path / "one", 1)
    assert one is not None
    assert found(verb, tmp_path / "two", 2) == one


def test_pairs_are_summed_in_one_order() -> None:
    positions, kinds = cubic_cluster(4)[:2]
    one = cluster_moments(positions, kinds, 3, 0.01, 4000, 1)
    for threads in (2, 3, 8):
        assert np.array_equal(cluster_moments(positions, kinds, 3, 0.01, 4000, threads), one)


def test_linear_algebra_is_left_as_it_was() -> None:
    """Also where several threads of a program refine at once, and one is done before the others."""
    libraries = linear_algebra._libraries()
    if not libraries:
        pytest.skip("not the wheels of NumPy and SciPy")
    before = [threads() for threads, _ in libraries]
    for _, use in libraries:
        use(2)
    try:
        first, other = linear_algebra.one_thread(), linear_algebra.one_thread()
        first.__enter__()
        other.__enter__()
        first.__exit__(None, None, None)
        assert [threads() for threads, _ in libraries] == [1] * len(libraries)
        other.__exit__(None, None, None)
        assert [threads() for threads, _ in libraries] == [2] * len(libraries)
    finally:
        linear_algebra._use(before)


def test_a_digest_is_that_of_what_was_found() -> None:
    document = {"a": 1.0, "of": [{"b": 2.0, "elapsed_s": 1.0}], "elapsed_s": 3.0, "files": ["x"], "digest": "y"}
    assert digest_of(document) == digest_of({"of": [{"elapsed_s": 7.0, "b": 2.0}], "a": 1.0})
    assert digest_of(document) != digest_of({"of": [{"b": 2.0000000000000004}], "a": 1.0})


def test_python_finds_the_same_with_any_number_of_threads(tmp_path: Path) -> None:
    small = SmallStudy(tmp_path)
    small.write("ni.gr", "\n".join(noisy_rows()))
    study = nc.read_study(small.write("study.toml", small.text).folder / "study.toml")
    libraries = linear_algebra._libraries()
    before = [threads() for threads, _ in libraries]
    digests = []
    try:
        for count in (1, 2):
            linear_algebra._use([count] * len(libraries))
            digests.append(digest_of(study.refine().document()))
    finally:
        linear_algebra._use(before)
    thread = threading.Thread(target=lambda: digests.append(digest_of(study.refine().document())))
    thread.start()
    thread.join()
    assert len(set(digests)) == 1
