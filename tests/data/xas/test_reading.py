"""Scans of X-ray absorption are read by the names of their columns, whatever their order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.arrays import FloatArray
from nanocrystal.data.xas import absorption_signal, read_absorption_scans
from nanocrystal.errors import InputError
from support.measured import measured
from support.xas_files import athena_bytes, counts_of, energies, made_mu, written, xdi_text

ENERGY = energies()
MU = made_mu(ENERGY)
I0, ITRANS = counts_of(MU)


@pytest.mark.parametrize("first", ["# XDI/1.0 GSE/1.0", "#XDI/1.1    Epics StepScan File / 2.0"])
@pytest.mark.parametrize("order", [("i0", "itrans"), ("itrans", "i0")])
def test_xdi_by_names(first: str, order: tuple[str, str], tmp_path: Path) -> None:
    of = {"i0": I0, "itrans": ITRANS}
    columns = {"energy eV": ENERGY} | {f"{name} counts || PV:{name}": of[name] for name in order}
    path = written(tmp_path / "scan.xdi", xdi_text(columns, first, Element_symbol="Cu", Element_edge="K"))
    (scan,) = read_absorption_scans(path)
    assert list(scan.columns) == ["energy", *order]
    assert (scan.element, scan.edge) == ("Cu", "K")
    signal = absorption_signal(scan, "transmission", {}, "reduction.cu")
    assert signal.energy == pytest.approx(ENERGY, rel=1e-9)
    assert signal.mu == pytest.approx(MU, abs=1e-8)
    assert signal.notes == ()


def test_energies_that_the_file_states_in_kev_are_converted(tmp_path: Path) -> None:
    text = xdi_text({"energy keV": ENERGY / 1000.0, "mutrans": MU})
    signal = absorption_signal(read_absorption_scans(written(tmp_path / "a.xdi", text))[0], "transmission", {}, "")
    assert signal.energy == pytest.approx(ENERGY, rel=1e-9)
    assert "in keV by the file" in signal.notes[0]


def test_plain_columns_in_the_words_of_the_file_or_by_place(tmp_path: Path) -> None:
    rows = "\n".join(f"{e:.4f} {a:.3f} {b:.3f}" for e, a, b in zip(ENERGY, I0, ITRANS, strict=True))
    named = read_absorption_scans(written(tmp_path / "a.dat", f"# scan\n# Mono Ch1 Ch2\n{rows}\n"))[0]
    plain = read_absorption_scans(written(tmp_path / "b.dat", rows + "\n"))[0]
    assert (named.named, plain.named) == (True, False)
    said = {"energy": ["Mono"], "i0": ["Ch1"], "itrans": ["Ch2"]}
    placed = {"energy": ["1"], "i0": ["2"], "itrans": ["3"]}
    for scan, columns in ((named, said), (plain, placed), (named, placed)):
        assert absorption_signal(scan, "transmission", columns, "").mu == pytest.approx(MU, abs=1e-6)


def test_fluorescence_sums_detectors_and_a_reference_foil_is_read(tmp_path: Path) -> None:
    parts = {"d1": 0.2 * MU * I0, "d2": 0.3 * MU * I0}
    text = xdi_text({"energy": ENERGY, "i0": I0, **parts, "itrans": ITRANS, "irefer": ITRANS * np.exp(-MU)})
    scan = read_absorption_scans(written(tmp_path / "a.xdi", text))[0]
    signal = absorption_signal(scan, "fluorescence", {"ifluor": ["d1", "d2"]}, "", with_reference=True)
    assert signal.mu == pytest.approx(0.5 * MU, rel=1e-8)
    assert signal.reference == pytest.approx(MU, abs=1e-8)


def test_energies_that_stand_twice_are_joined(tmp_path: Path) -> None:
    twice = np.insert(ENERGY, 40, ENERGY[40])
    mu = np.insert(MU, 40, MU[40] + 0.02)
    scan = read_absorption_scans(written(tmp_path / "a.xdi", xdi_text({"energy": twice, "mutrans": mu})))[0]
    signal = absorption_signal(scan, "transmission", {}, "")
    assert signal.energy == pytest.approx(ENERGY, rel=1e-9)
    assert signal.mu[40] == pytest.approx(MU[40] + 0.01)
    assert "stand twice" in signal.notes[0]


def test_projects_of_athena(tmp_path: Path) -> None:
    settings = {"label": "it is (A)", "bkg_z": "Cu", "fft_edge": "k", "bkg_eshift": "-0.25"}
    content = athena_bytes([(settings, ENERGY, MU), ({"label": "33"}, ENERGY, 2.0 * MU)])
    path = written(tmp_path / "made.prj", content)
    first, second = read_absorption_scans(path, "", ["it is (A)", "33"])
    assert read_absorption_scans(path, "", ["2"])[0].label == "33"
    assert (first.element, first.edge, first.label) == ("Cu", "K", "it is (A)")
    signal = absorption_signal(first, "mu", {}, "")
    assert signal.energy == pytest.approx(ENERGY - 0.25)
    assert signal.mu == pytest.approx(MU)
    assert "shifted by -0.25 eV" in signal.notes[0]
    assert absorption_signal(second, "mu", {}, "").mu == pytest.approx(2.0 * MU)


COUNTS = {"energy": ENERGY, "i0": I0, "itrans": ITRANS}
WRONG = [
    ({"energy": ENERGY, "itrans": ITRANS}, {}, "has itrans but no column of i0, which transmission is divided by"),
    ({"energy": ENERGY, "i0": I0}, {}, "has no column of itrans; its columns are energy, i0: say"),
    ({"energy": ENERGY, "i0": I0, "i1": I0, "it": I0}, {}, '2 columns that may be itrans: say.*"i1" or itrans = "it"'),
    (COUNTS | {"energy": ENERGY / 1000.0}, {}, "from 8.799 to .* look like keV: write"),
    ({"energy degrees": ENERGY, "i0": I0, "itrans": I0}, {}, "column energy in degrees; energies in eV"),
    (COUNTS | {"itrans": -I0}, {}, r"ln\(i0/itrans\) is no number at 356 of 356 points, first at line 9;"),
    (COUNTS | {"energy": 1e4 * ENERGY}, {}, r"has 8.799e\+07 eV as an energy \(line 9\); energies lie between 0 and"),
    (COUNTS | {"energy": ENERGY[::-1]}, {}, r"do not ascend: .* followed by .*\(line 10\)"),
    ({name: values[:9] for name, values in COUNTS.items()}, {}, "has 9 points; at least 20"),
    (COUNTS, {"i0": ["ic"]}, "no column 'ic' in .* are energy, i0, itrans"),
    (COUNTS, {"monitor": ["i0"]}, "no column that is known; valid: energy, i0, ifluor"),
    (COUNTS, {"i0": ["2", "3"]}, "is one column, got 2: i0, itrans"),
]


@pytest.mark.parametrize(("columns", "said", "sentence"), WRONG)
def test_what_cannot_be_meant_is_said_in_one_sentence(
    columns: dict[str, FloatArray], said: dict[str, list[str]], sentence: str, tmp_path: Path
) -> None:
    scan = read_absorption_scans(written(tmp_path / "a.xdi", xdi_text(columns)))[0]
    with pytest.raises(InputError, match=sentence) as caught:
        absorption_signal(scan, "transmission", said, "reduction.cu")
    assert caught.value.where.startswith("reduction.cu")


def test_fluorescence_needs_i0(tmp_path: Path) -> None:
    scan = read_absorption_scans(written(tmp_path / "a.xdi", xdi_text({"energy": ENERGY, "ifluor": MU})))[0]
    with pytest.raises(InputError, match=r'no column of i0, which fluorescence .*: say columns = .* or mode = "mu"'):
        absorption_signal(scan, "fluorescence", {}, "reduction.ga")


def test_files_that_are_no_scan_are_refused(tmp_path: Path) -> None:
    chi = {"label": "C", "is_chi": "1"}
    records = [({"label": "A"}, ENERGY, MU[:-1]), ({"label": "B"}, ENERGY, MU), (chi, ENERGY, MU)]
    nameless = written(tmp_path / "a.dat", xdi_text({"energy": ENERGY, "i0": I0}).replace("# Column.2: i0\n", ""))
    project = written(tmp_path / "b.prj", athena_bytes([({"label": "A"}, ENERGY, MU)] * 2))
    empty = written(tmp_path / "c.prj", "# Athena project file -- Demeter version 0.9\n")
    damaged = written(tmp_path / "d.prj", athena_bytes(records))
    plain = written(tmp_path / "e.xdi", xdi_text({"energy": ENERGY, "i0": I0}))
    cases: list[tuple[Path, list[str], str]] = [
        (nameless, [], "no line '# Column.2: name' says what"),
        (project, [], r"holds 2 scans; choose with entry = …, of: 1 \(A\), 2 \(A\)"),
        (project, ["A"], "has 2 scans 'A'; entry is one of: .*; name it by its place"),
        (project, ["B"], "has no scan 'B'"),
        (empty, [], "without records"),
        (damaged, ["A"], r"record 1 \(A\): has 356 energies but 355 values"),
        (damaged, ["C"], r"record 3 \(C\): is χ\(k\), no scan over energies"),
        (plain, ["A"], "holds one scan; leave entry out"),
    ]
    assert read_absorption_scans(damaged, "", ["B"])[0].columns["mu"] == pytest.approx(MU)  # others do not matter
    for path, entry, sentence in cases:
        with pytest.raises(InputError, match=sentence):
            read_absorption_scans(path, "reduction.cu.files", entry)


MEASURED = [
    ("larch_MIT/cu_metal_rt.xdi", "Cu", "K", 408, -1.3070486, 0.2489091),
    ("xasdatalibrary_CC0/Zn_foil.xdi", "Zn", "K", 526, 0.5113731, 3.2382206),
    ("xasdatalibrary_CC0/ZnO.xdi", "Zn", "K", 526, 0.2677434, 0.1784749),
    ("xasdatalibrary_CC0/Chorover13BM_ZnS_aldrich_rt_01.xdi", "Zn", "K", 415, 0.4123133, 2.0174197),
    ("xasdatalibrary_CC0/Pb_Foil_L3_rt_2016Foils.xdi", "Pb", "L3", 422, 0.4799707, 1.9210273),
]


@pytest.mark.parametrize(("file", "element", "edge", "points", "first", "last"), MEASURED)
def test_measured_xdi(file: str, element: str, edge: str, points: int, first: float, last: float) -> None:
    (scan,) = read_absorption_scans(measured(f"xas/{file}"))
    signal = absorption_signal(scan, "transmission", {}, "")
    assert (scan.element, scan.edge, len(signal.energy)) == (element, edge, points)
    assert (signal.mu[0], signal.mu[-1]) == pytest.approx((first, last), abs=1e-7)
    if "mutrans" in scan.columns:
        assert signal.mu == pytest.approx(scan.columns["mutrans"], abs=1e-6)


def test_measured_projects() -> None:
    gold = measured("xas/larch_MIT/cyanobacteria.prj")
    foil, unknown = (absorption_signal(s, "mu", {}, "") for s in read_absorption_scans(gold, "", ["Au foil", "4.73"]))
    for signal, file in ((foil, "s1.dat"), (unknown, "unknown.dat")):
        (other,) = read_absorption_scans(measured(f"xas/larch_MIT/lcf_gold_cyanobacteria/{file}"))
        assert signal.energy == pytest.approx(other.columns["energy"], abs=1e-3)
    places = [str(n + 1) for n in range(27)]
    lead = read_absorption_scans(measured("xas/larch_MIT/PbL3_CAMD.prj"), "", places)
    assert {s.element for s in lead} == {"Pb"}
    signals = [absorption_signal(s, "mu", {}, "") for s in lead]
    assert all(
        12883.0 < s.energy[int(s.scan.label == "Pb(IV)acetate")] < 12900.0 for s in signals
    )  # it begins at 8000 eV
    assert [s.scan.label for s in signals if any("1 point of energy 0 is left out" in n for n in s.notes)] == [
        "Pb(IV)acetate"
    ]
