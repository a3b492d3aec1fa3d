"""The command killed at any action on files, or at any time: old or new, and the next run goes on."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.errors import InputError
from support.killed import in_a_copy, killed_after, killed_at, killer
from support.killed_verbs import NEW, OLD, ONCE, VERBS, State, Verb, traces
from support.paths import TESTS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL and fork")
KILLED = -9
KILLS = {"refine": 10, "compare": 10, "series": 10, "series-shared": 5, "posterior": 10, "reduce": 6, "simulate": 5}
"""verb -> kills of each way in the campaign; of others as many as the least"""


@dataclass
class Ground:
    """Folders from which each kill begins: fresh, and with an earlier result; what undisturbed runs find."""

    verb: Verb
    fresh: Path
    earlier: Path
    code: int
    old: State
    new: State
    count: int
    """actions on files of an undisturbed run"""


@pytest.fixture(scope="module")
def grounds() -> dict[str, Ground]:
    return {}


def ground_of(name: str, grounds: dict[str, Ground], tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Return the ground of a verb, made once."""
    if name not in grounds:
        verb, folder = VERBS[name], tmp_path_factory.mktemp(name)
        fresh, earlier, whole = (folder / part for part in ("fresh", "earlier", "whole"))
        for each in (fresh, earlier, whole):
            each.mkdir()
        verb.makes(fresh, NEW)
        verb.makes(whole, NEW)
        with killer().watching(whole, 0, lambda: None) as watched:
            code = verb.run(whole)
            count = watched.count
        verb.makes(earlier, OLD)
        assert verb.run(earlier) == code
        old = verb.state(earlier)
        verb.makes(earlier, NEW)
        grounds[name] = Ground(verb, fresh, earlier, code, old, verb.state(whole), count)
        assert grounds[name].old is not None
        assert grounds[name].new is not None
    return grounds[name]


def check_after(ground: Ground, folder: Path, has_old: bool, status: int) -> None:
    """Assert that a folder holds the old result or the new one, and that the next run goes on and leaves nothing."""
    verb, old = ground.verb, ground.old if has_old else None
    assert status in (KILLED, ground.code)
    found = verb.state(folder)
    assert found in (old, ground.new)
    target = folder / verb.out
    if not target.suffix:
        if found is None:
            with pytest.raises(InputError):
                nc.read_result(target)
        else:
            nc.read_result(target)
    is_done = found == ground.new and verb in [VERBS[name] for name in ONCE]
    assert in_a_copy(lambda: verb.run(folder)) == (2 if is_done else ground.code)
    assert verb.state(folder) == ground.new
    assert traces(folder) == []


def kill(ground: Ground, folder: Path, has_old: bool, at: int) -> None:
    shutil.copytree(ground.earlier if has_old else ground.fresh, folder)
    status = killed_at(at, folder, lambda: ground.verb.run(folder))
    check_after(ground, folder, has_old, status)
    shutil.rmtree(folder)


def ways(name: str) -> list[bool]:
    """Return whether there may be an earlier result that is replaced: not of verbs that never replace."""
    return [False] if name in ONCE else [True, False]


@pytest.mark.campaign
@pytest.mark.parametrize("name", [n for n in VERBS if n != "series-local"])
def test_killed_at_an_action_on_files(
    name: str, grounds: dict[str, Ground], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """Spread over all of them, of which most come as the result is written."""
    ground = ground_of(name, grounds, tmp_path_factory)
    kills = KILLS.get(name, min(KILLS.values()))
    for has_old in ways(name):
        for at in np.linspace(1 + has_old, ground.count + has_old, kills // len(ways(name))).round().astype(int):
            kill(ground, tmp_path / f"{has_old}{at}", has_old, int(at))


@pytest.mark.long
@pytest.mark.parametrize("name", VERBS)
def test_killed_at_every_action_on_files(
    name: str, grounds: dict[str, Ground], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    ground = ground_of(name, grounds, tmp_path_factory)
    for has_old in ways(name):
        for at in range(1, ground.count + 20):
            kill(ground, tmp_path / f"{has_old}{at}", has_old, at)


@pytest.mark.long
@pytest.mark.parametrize("name", ["refine", "compare", "series", "series-local", "posterior", "reduce"])
def test_killed_at_any_time(
    name: str, grounds: dict[str, Ground], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """Times drawn from those that an undisturbed run takes."""
    import time

    ground, rng = ground_of(name, grounds, tmp_path_factory), random.Random(7)
    shutil.copytree(ground.earlier, tmp_path / "timed")
    began = time.monotonic()
    in_a_copy(lambda: ground.verb.run(tmp_path / "timed"))
    took = time.monotonic() - began
    for k in range(30):
        folder, has_old = tmp_path / str(k), k % 2 == 0
        shutil.copytree(ground.earlier if has_old else ground.fresh, folder)
        status = killed_after(took * rng.uniform(0.2, 1.1), lambda folder=folder: ground.verb.run(folder))  # type: ignore[misc]
        check_after(ground, folder, has_old, status)
        shutil.rmtree(folder)


# ---- on a cluster ---------------------------------------------------------------------------------

ON_CLUSTER = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from support.killed import killer
from support.killed_verbs import VERBS
from dataclasses import replace

verb = VERBS["series"]
verb = replace(verb, words=("series", "study.toml", "--scheduler", {address!r}))
folder = Path({folder!r})
with killer().watching(folder, {at}, lambda: os.kill(os.getpid(), signal.SIGKILL)) as watched:
    status = verb.run(folder)
print(watched.count)
sys.exit(status)
"""


@pytest.mark.parametrize(
    "kills", [pytest.param(2, marks=pytest.mark.campaign), pytest.param(20, marks=pytest.mark.long)]
)
@pytest.mark.filterwarnings("ignore")
def test_killed_while_a_cluster_refines(
    kills: int, grounds: dict[str, Ground], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """The command is killed, the workers go on; the next run is one without them."""
    distributed = pytest.importorskip("distributed")
    ground = ground_of("series", grounds, tmp_path_factory)
    how = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "silence_logs": 60}
    with distributed.LocalCluster(**how) as cluster:
        for k, at in enumerate(np.linspace(2, ground.count, kills).round().astype(int)):
            folder, has_old = tmp_path / str(at), k % 2 == 0
            shutil.copytree(ground.earlier if has_old else ground.fresh, folder)
            named = {"tests": str(TESTS), "address": cluster.scheduler_address, "folder": str(folder), "at": int(at)}
            process = subprocess.run(
                [sys.executable, "-c", ON_CLUSTER.format(**named)], capture_output=True, timeout=120
            )
            assert process.returncode in (KILLED, 0), process.stderr.decode()
            check_after(ground, folder, has_old, process.returncode)
