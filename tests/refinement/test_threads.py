"""The same to the last bit, whatever number of threads there are, and however often it is run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal import linear_algebra
from nanocrystal.kernels.pairs import cluster_moments
from nanocrystal.report.outcome import digest_of
from support.small_study import ATOMS_STUDY, SmallStudy, noisy_rows
from support.structures import cubic_cluster

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def records(small: SmallStudy, verb: str, threads: int) -> dict[str, object]:
    """Return the record that a command writes which may use so many threads, without its times."""
    import json

    small.write("study.toml", small.text)
    out = small.folder / f"{verb}{threads}"
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads)), "PYTHONHASHSEED": str(threads)}
    command = [sys.executable, "-c", "from nanocrystal.cli import main; main()", verb, "study.toml", "--out", str(out)]
    subprocess.run(command, cwd=small.folder, env=environment, check=True, capture_output=True)
    [record] = [path for path in out.glob("*.json") if path.name in ("results.json", "plan.json")]
    document: dict[str, object] = json.loads(record.read_text(encoding="utf-8"))
    assert document["digest"] == digest_of(document)
    return {k: v for k, v in document.items() if k != "elapsed_s"}


@pytest.mark.campaign
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
@pytest.mark.parametrize("what", ["sphere", "atoms"])
def test_a_record_is_the_same_for_any_number_of_threads(tmp_path: Path, what: str) -> None:
    small = SmallStudy(tmp_path)
    if what == "atoms":
        small.text = ATOMS_STUDY
    small.change("r_range = [1.5, 12.0]", "r_range = [1.5, 13.0]").write("ni.gr", "\n".join(noisy_rows()))
    one = records(small, "refine", 1)
    for threads in (2, 3):
        assert records(small, "refine", threads) == one


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


def test_python_finds_the_same_with_any_number_of_threads(tmp_path: Path) -> None:
    small = SmallStudy(tmp_path)
    small.write("ni.gr", "\n".join(noisy_rows()))
    study = nc.read_study(small.write("study.toml", small.text).folder / "study.toml")
    libraries = linear_algebra._libraries()
    before = [threads() for threads, _ in libraries]
    found = []
    try:
        for count in (1, 2):
            linear_algebra._use([count] * len(libraries))
            found.append(digest_of(study.refine().document()))
    finally:
        linear_algebra._use(before)
    thread = threading.Thread(target=lambda: found.append(digest_of(study.refine().document())))
    thread.start()
    thread.join()
    assert len(set(found)) == 1
