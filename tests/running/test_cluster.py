"""`nanocrystal series --scheduler`: a real Dask cluster on this machine, workers that are lost, wrong addresses."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nanocrystal.errors import InputError
from nanocrystal.processes import Job, answers
from nanocrystal.running import cluster as series_cluster
from nanocrystal.running.cluster import connected
from nanocrystal.running.plan import Plan
from nanocrystal.running.series import run
from nanocrystal.study.series import read_series
from support.series_members import SmallSeries

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def small(tmp_path: Path) -> SmallSeries:
    small = SmallSeries(tmp_path)
    small.change("[series]", '[series]\nmode = "independent"')
    small.write("study.toml", small.text)
    return small


TWO_WORKERS = {
    "n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "silence_logs": 60
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Return a cluster that loses no worker."""
    with distributed.LocalCluster(**TWO_WORKERS) as made:
        yield made


def plan_of(small: SmallSeries) -> Plan:
    return Plan(series=read_series(small.folder / "study.toml"), folder=small.folder / "out")


def run_there(plan: Plan, address: str) -> bool:
    with connected(address, plan.series.first_files) as cluster:
        return run(plan, cluster)


def slow(small: SmallSeries) -> SmallSeries:
    """Let members take seconds, so that a worker can be killed under them."""
    small.add("[refine]\nstarts = 15").write("study.toml", small.text)
    return small


def kill_when_busy(cluster: Any, times: int) -> threading.Thread:
    """Kill a worker that refines a member as soon as there is one, so many times."""

    def kill() -> None:
        left, deadline = times, time.monotonic() + 60
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            busy = {ws.address for ws in list(cluster.scheduler.workers.values()) if ws.processing}
            victim = next((n for n in cluster.workers.values() if n.worker_address in busy and n.pid), None)
            if victim is not None:
                time.sleep(0.2)
                os.kill(victim.pid, signal.SIGKILL)
                left -= 1

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def test_members_are_refined_on_the_cluster_as_here(small: SmallSeries, cluster: Any) -> None:
    said = small.series("--scheduler", cluster.scheduler_address)
    assert said.exit_code == 0, said
    there = small.written()
    assert small.series("--out", "{}/here", "--workers", "1").exit_code == 0
    import json

    here = json.loads((small.folder / "here" / "series.json").read_text(encoding="utf-8"))
    for name, member in here["members"].items():
        a, other = (m["fits"][""]["parameters"]["crystals.ni.a"] for m in (member, there["members"][name]))
        assert a["value"] == pytest.approx(other["value"], rel=1e-9)
    assert (small.folder / "study-series" / "T200" / "report.html").is_file()


@pytest.mark.campaign
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_the_member_of_a_lost_worker_is_done_again_once(small: SmallSeries) -> None:
    plan = plan_of(slow(small))
    entered: list[str] = []
    finished = plan.finished
    plan.finished = lambda outcome: (entered.append(outcome.member.name), finished(outcome))[1]  # type: ignore[method-assign,func-returns-value]
    with distributed.LocalCluster(**TWO_WORKERS) as cluster:
        thread = kill_when_busy(cluster, 1)
        assert run_there(plan, cluster.scheduler_address) is False
        thread.join(timeout=60)
    assert sorted(entered) == ["T100", "T200", "T300"]
    assert all(m.fit is not None and m.fit.converged for m in plan.results.values())
    assert any("was lost; what it refined was done again by another one" in note for note in plan.notes)


@pytest.mark.campaign
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_member_that_loses_every_worker_is_said_and_the_others_stand(small: SmallSeries) -> None:
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(**TWO_WORKERS) as cluster,
    ):
        plan = plan_of(slow(small))
        kill_when_busy(cluster, 1)
        assert run_there(plan, cluster.scheduler_address) is False
    failed = [m for m in plan.results.values() if m.preferred is None]
    assert 1 <= len(failed) <= 2  # what else the worker had been given goes with it
    assert "the workers that refined it were lost, 1 times, perhaps for lack of memory" in failed[0].problem
    assert not (plan.folder / failed[0].name).exists()
    assert len(plan.results) == 3


def test_other_work_is_done_there_as_in_processes(cluster: Any) -> None:
    jobs = iter([Job(f"job {k}", len) for k in range(3)])
    with (
        connected(cluster.scheduler_address, []) as executor,
        executor.opened(2, begin=partial(dict.fromkeys, "abcd")) as workers,
    ):
        assert executor.at_once == 2
        assert dict(answers(workers, lambda: next(jobs, None))) == {f"job {k}": 4 for k in range(3)}


# ---- addresses ------------------------------------------------------------------------------------


def refused(small: SmallSeries, address: str, *words: str) -> None:
    began = time.monotonic()
    message = small.refused("--scheduler: ", *words, verb="series", more=("--scheduler", address))
    assert time.monotonic() - began < 30.0, message


def test_nobody_at_the_address(small: SmallSeries) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    refused(small, address, f"no Dask scheduler answers at '{address}' within 5 s", "dask scheduler", "--workers N")


def test_somebody_else_at_the_address(small: SmallSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_cluster, "ANSWER_S", 1.0)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        refused(small, f"tcp://127.0.0.1:{mute.getsockname()[1]}", "no Dask scheduler answers", "within 1 s")


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:80", "tcp://127.0.0.1"])
def test_no_address(small: SmallSeries, address: str) -> None:
    refused(small, address, f"{address!r} is no address of a Dask scheduler, such as tcp://host:8786", "--workers N")


def test_no_workers(small: SmallSeries) -> None:
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, silence_logs=60) as cluster:
        refused(small, cluster.scheduler_address, "has no workers; start some with: dask worker tcp://")


def test_workers_that_do_not_see_the_files(small: SmallSeries, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_cluster, "_seen", lambda _: ("0.1.0", ["/data/ni_100K.gr"]))
    monkeypatch.setattr("nanocrystal._version.__version__", "0.1.0")
    refused(small, cluster.scheduler_address, "does not see '/data/ni_100K.gr'", "a folder that all share")


def test_workers_of_another_version(small: SmallSeries, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_cluster, "_seen", lambda _: ("0.0.1", []))
    refused(small, cluster.scheduler_address, "has nanocrystal 0.0.1, but this is", "install the same there")


def test_distributed_is_not_installed(small: SmallSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused(small, "tcp://127.0.0.1:8786", 'pip install "nanocrystal[cluster]"')


def test_message_is_an_input_error(small: SmallSeries) -> None:
    with pytest.raises(InputError, match="is no address"):
        run_there(plan_of(small), "here")


def test_shared_series_need_no_cluster(small: SmallSeries) -> None:
    small.change('mode = "independent"', 'mode = "shared"\nshared = ["crystals.ni.a"]')
    refused(small, "tcp://127.0.0.1:8786", "a shared one is one")
