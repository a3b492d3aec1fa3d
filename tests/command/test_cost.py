"""Memory and time are known before they are spent: limits, estimates against what is used, and the sentences."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nanocrystal import cost, processes, systems
from nanocrystal.cost import GB, SHARE, allowing, ask_memory, ask_pairs, memory_limit
from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import bytes_of_cluster, cluster_moments
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.measurement.correlated import likeliest_parts
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import Options, declared_parameters
from nanocrystal.sample import Cube, PairGrid
from nanocrystal.sample.crystal.reflections import crystal_families
from nanocrystal.sample.pairs import needs
from nanocrystal.sample.shapes.fixed_body import FixedBody
from nanocrystal.spectra import LINES, SumOfForms
from nanocrystal.spectra.batch import fit_batch
from nanocrystal.techniques.pdf.noise import BYTES_OF_COVARIANCE
from support.modelling import sample_of
from support.small_study import SmallStudy
from support.structures import GAMMA_CSPBBR3

U_ISO = {"Cs": 0.03, "Pb": 0.015, "Br": 0.03}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what sets the memory of the machine, GB."""
    monkeypatch.setattr(cost, "address_space_left", lambda: float("inf"))

    def of(gigabytes: float) -> None:
        monkeypatch.setattr(cost, "memory_there", lambda: gigabytes * GB)

    return of


# ---- the limit --------------------------------------------------------------------------------------


def test_the_limit_is_what_is_stated_or_a_share_of_the_machine(machine: Callable[[float], None]) -> None:
    machine(16.0)
    assert memory_limit() == SHARE * 16.0 * GB
    with allowing(4.0):
        assert memory_limit() == 4.0 * GB
        with allowing(None):
            assert memory_limit() == 4.0 * GB
        assert cost.stated_memory() == 4.0
    machine(float("inf"))
    assert memory_limit() == cost.UNKNOWN


def test_processes_side_by_side_have_equal_parts(
    machine: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(16.0)
    monkeypatch.setattr(processes, "_beside", 4)
    assert memory_limit() == SHARE * 4.0 * GB
    with allowing(8.0):
        assert memory_limit() == 2.0 * GB


def test_an_address_space_that_is_limited_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "address_space_left", lambda: 1.0 * GB)
    with allowing(4.0):
        assert memory_limit() == SHARE * GB


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (-1.0, "must be a number above 0 (GB), got -1."),
        (0.0, "must be a number above 0 (GB), got 0."),
        (float("nan"), "must be a number above 0 (GB), got nan."),
        (float("inf"), "must be a number above 0 (GB), got inf."),
        (64.0, "must be at most the 16 GB that this machine has, got 64 GB; leave it out."),
    ],
)
def test_a_limit_that_is_none_is_refused(machine: Callable[[float], None], memory: float, said: str) -> None:
    machine(16.0)
    with pytest.raises(InputError) as refused, allowing(memory, "--memory"):
        pass
    assert str(refused.value) == f"--memory: {said}"


@pytest.mark.parametrize("memory", [float("nan"), "much", True])
def test_options_take_a_number(memory: object) -> None:
    with pytest.raises(InputError, match="memory"):
        Options(memory=memory)  # type: ignore[arg-type]


# ---- what the system says -----------------------------------------------------------------------------


def test_groups_of_processes_limit_the_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of version 2 along all parents, of version 1 that of memory; `max` and what cannot be read is no limit."""
    own, root = tmp_path / "own", tmp_path / "groups"
    (root / "batch" / "job").mkdir(parents=True)
    (root / "batch" / "memory.max").write_text("3000000000\n")
    (root / "batch" / "job" / "memory.max").write_text("max\n")
    (root / "memory" / "old").mkdir(parents=True)
    (root / "memory" / "old" / "memory.limit_in_bytes").write_text("2000000000\n")
    own.write_text("0::/batch/job\n4:memory:/old\n5:cpu:/old\n")
    monkeypatch.setattr(systems, "OWN_CGROUP", own)
    monkeypatch.setattr(systems, "CGROUPS", root)
    assert sorted(systems._limits_of_groups()) == [2e9, 3e9]
    monkeypatch.setattr(systems, "OWN_CGROUP", tmp_path / "none")
    assert list(systems._limits_of_groups()) == []


def test_the_memory_of_windows_is_the_second_of_its_long_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    class Kernel:
        @staticmethod
        def GlobalMemoryStatusEx(raw: ctypes.Array[ctypes.c_char]) -> int:
            assert struct.unpack_from("<L", raw.raw)[0] == len(raw.raw) == 64
            raw.raw = struct.pack("<2L7Q", 64, 50, 16 << 30, *range(6))
            return 1

    monkeypatch.setattr(systems, "IS_WINDOWS", True)
    monkeypatch.setattr(ctypes, "windll", type("Dll", (), {"kernel32": Kernel}), raising=False)
    assert systems._memory_of_machine() == float(16 << 30)


def test_a_system_that_does_not_say_has_endless_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> int:
        raise ValueError

    monkeypatch.setattr(systems.os, "sysconf", refuse)
    assert systems._memory_of_machine() == float("inf")


# ---- refusals -----------------------------------------------------------------------------------------


def test_what_needs_more_memory_is_refused_by_one_sentence(machine: Callable[[float], None]) -> None:
    machine(16.0)
    ask_memory("populations.p", 11.9 * GB, "1e9 atoms", "use fewer")
    with pytest.raises(InputError) as refused:
        ask_memory("populations.p", 31.0 * GB, "1e9 atoms", lambda: "use fewer")
    assert str(refused.value) == (
        "populations.p: needs about 31 GB of memory (1e9 atoms), more than the limit of 12 GB; "
        "use fewer, or allow more (memory, in GB)."
    )


def test_more_pairs_than_are_counted_are_refused_in_words_of_time() -> None:
    ask_pairs("populations.p", cost.MOST_PAIRS, "it has atoms", "make it smaller")
    with pytest.raises(InputError) as refused:
        ask_pairs("populations.p", 3.0 * cost.MOST_PAIRS, "it has atoms", "make it smaller")
    assert str(refused.value) == (
        "populations.p: it has atoms and 9e+09 pairs, about 3 minutes for each curve, longer than about 60 seconds; "
        "make it smaller."
    )


def test_a_search_that_runs_into_the_tail_of_a_law_is_stopped() -> None:
    """Where it began with few pairs; where it began with many it may go on, and outside of a search all may be."""
    ask_pairs("populations.p", 1e7, "it has atoms", "make it smaller")
    ask_pairs("populations.p", 2e9, "it has atoms", "make it smaller")
    with allowing(None, kept=4):
        ask_pairs("populations.p", 1e7, "it has atoms", "make it smaller")
        ask_pairs("populations.p", 4e8, "it has atoms", "make it smaller")
        ask_pairs("populations.large", 4e8, "it has atoms", "make it smaller")
        ask_pairs("populations.large", 2e9, "it has atoms", "make it smaller")
        ask_pairs("populations.p", 2e9, "it has atoms", "make it smaller", part=True)
        with pytest.raises(InputError, match=r"about 40 seconds .* where the search began with 1e\+07 pairs; make it"):
            ask_pairs("populations.p", 2e9, "it has atoms", "make it smaller")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "about 1 seconds"), (100.0, "about 100 seconds"), (1080.0, "about 18 minutes"), (1e4, "about 3 hours")],
)
def test_durations(seconds: float, words: str) -> None:
    assert cost.duration(seconds) == words


@pytest.mark.parametrize(("amount", "words"), [(3e6, "0.003 GB"), (1.26e9, "1.3 GB"), (1.2e11, "120 GB")])
def test_amounts(amount: float, words: str) -> None:
    assert cost.in_words(amount) == words


# ---- estimates against what is used -------------------------------------------------------------------


def peak_of(calculate: Callable[[], object]) -> float:
    """Return how many bytes arrays and objects took at once."""
    tracemalloc.start()
    try:
        calculate()
        return float(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def test_the_memory_of_crystals_is_known_within_a_factor_2(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(needs, "ask_memory", lambda _where, needed, *_: asked.append(needed))
    made, grid = sample_of(GAMMA_CSPBBR3, Cube(120.0), U_ISO), PairGrid(0.0, 0.005, whole=True)
    values = declared_parameters(made, {}).initial_values()
    made.pairs(Evaluation(values, grid))  # what is loaded once does not count
    asked.clear()
    used = peak_of(lambda: made.pairs(Evaluation(values, grid)))
    assert 0.5 < max(asked) / used < 2.0


def test_the_memory_of_explicit_atoms_is_known_within_a_factor_2() -> None:
    rng = np.random.default_rng(0)
    positions, kinds, n_bins = rng.uniform(0.0, 500.0, (2000, 3)), rng.integers(0, 3, 2000), 180_000
    q = np.linspace(0.5, 20.0, 200)
    cluster_moments(positions[:9], kinds[:9], 3, 0.005, 9)
    used = peak_of(lambda: SineTransform(0.005, n_bins, q)(cluster_moments(positions, kinds, 3, 0.005, n_bins, 2)))
    assert 0.5 < bytes_of_cluster(2000, 3, n_bins) / used < 2.0


def test_the_memory_of_the_law_of_noise_is_known_within_a_factor_2() -> None:
    n, rng = 250, np.random.default_rng(0)
    root = rng.normal(size=(n, n))
    parts = np.array([np.eye(n), root @ root.T / n, np.diag(rng.uniform(1.0, 2.0, n)), np.eye(n)[::-1][:, ::-1]])
    used = parts.nbytes + peak_of(lambda: likeliest_parts(parts, rng.normal(size=n), np.ones((n, 2))))
    assert 0.5 < BYTES_OF_COVARIANCE * n**2 / used < 2.0


def spectra() -> object:
    form = SumOfForms({"a": LINES["gaussian"]}, baseline_terms=1)
    return fit_batch(form, np.arange(50.0), np.ones((40, 50)), {})


def blocks() -> object:
    return FixedBody(np.argwhere(np.ones((9, 9, 9), dtype=bool)))


def reflections() -> object:
    crystal = sample_of(GAMMA_CSPBBR3, None, U_ISO).crystals["x"]
    return crystal_families(crystal, 8.0 * np.eye(3), 20.0)


@pytest.mark.parametrize(
    ("calculate", "said"),
    [
        (spectra, r"spectra: needs .* \(40 spectra of 50 points\), .*; give fewer at a time, or allow more"),
        (blocks, r"blocks: needs .* \(a box of 7\.3e\+02 blocks around them\), .*; use fewer, or a shape, or allow"),
        (reflections, r"crystal: needs .* reflections up to Q = 20 Å⁻¹\), .*; use a shorter range, or allow more"),
    ],
)
def test_each_engine_asks(calculate: Callable[[], object], said: str) -> None:
    with allowing(2e-5), pytest.raises(InputError, match=said):
        calculate()


# ---- explicit atoms are counted ------------------------------------------------------------------------


def test_a_request_to_stop_ends_the_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is heard between rows of tiles: what is told on the way raises it here, as Ctrl-C would."""
    from nanocrystal.kernels import pairs

    told: list[float] = []

    def interrupt(done: float) -> None:
        told.append(done)
        raise KeyboardInterrupt

    monkeypatch.setattr(pairs, "TOLD_EVERY_S", 0.001)
    monkeypatch.setattr(pairs, "PAIRS_AT_ONCE", 1e5)
    positions = np.random.default_rng(0).uniform(0.0, 60.0, (12_000, 3))
    with pytest.raises(KeyboardInterrupt):
        cluster_moments(positions, np.zeros(12_000, dtype=np.int64), 1, 0.005, 25_000, 1, interrupt)
    assert len(told) == 1
    assert told[0] < 1.0


def test_how_far_a_long_count_is_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from nanocrystal.cli.progress import counting

    with counting(100) as soon:
        assert soon is None
    with counting(1_000_000) as show:
        assert show is not None
        for done in (0.01, 0.12, 0.15, 0.31):
            show(done)
    first, *then = capsys.readouterr().err.splitlines()
    assert first.startswith("1000000 atoms have 5.0e+11 pairs: about ")
    assert [line.partition(" of")[0] for line in then] == ["10 %", "30 %"]


# ---- commands ----------------------------------------------------------------------------------------


@pytest.fixture
def cubes(tmp_path: Path) -> SmallStudy:
    """A study of cubes whose I(Q) is to be calculated."""
    small = SmallStudy(tmp_path)
    small.change('"sphere"\ndiameter = { value = 20.0, vary = true }', '"cube"\nedge_length = 60.0')
    small.text = small.text.partition("[datasets.pdf]")[0]
    return small.add('[datasets.iq]\ntechnique = "total-scattering"\nq = "1:5:0.1"\n')


@pytest.mark.parametrize(
    ("memory", "words"),
    [
        ("-1", ("refine.memory", "above 0", "-1")),
        ("0", ("refine.memory", "above 0", "got 0")),
        ("nan", ("refine.memory", "nan")),
        ('"much"', ("refine.memory", "number", "much")),
        ("1e9", ("refine.memory", "must be at most", "this machine has", "leave it out")),
    ],
)
def test_a_study_says_how_much_memory(cubes: SmallStudy, memory: str, words: tuple[str, ...]) -> None:
    cubes.add(f"[refine]\nmemory = {memory}").refused("line 18", *words, verb="simulate")


def test_what_a_study_needs_is_held_against_its_memory(cubes: SmallStudy) -> None:
    cubes.add("[refine]\nmemory = 0.001")
    cubes.refused("populations.dots", "of memory (", "limit of 0.001 GB; make", "memory, in GB", verb="simulate")
    assert cubes.run("simulate", "{}/study.toml", "--memory", "1.0", "--out", "{}/out").exit_code == 0


def test_an_option_limits_the_memory(cubes: SmallStudy) -> None:
    cubes.refused("--memory: ", "above 0", verb="plan", more=("--memory", "-1"))
    cubes.refused("more than the limit of 0.001 GB", verb="simulate", more=("--memory", "0.001"))
    given = ("debye", "{}/four.xyz", "--q", "1:5:0.1", "--memory")
    cubes.refused_command("four.xyz", "4 atoms that are", "limit of 1e-06 GB", command=(*given, "1e-6"))
    cubes.refused_command("--memory: must be a number above 0", command=(*given, "nan"))
    assert cubes.run(*given, "1").exit_code == 0
