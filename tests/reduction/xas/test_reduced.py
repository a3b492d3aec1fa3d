"""From scans to normalised μ(E) and χ(k): made scans come back, measured ones have the edges that are known."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from nanocrystal.arrays import FloatArray
from nanocrystal.data.xas import absorption_signal, read_absorption_scans
from nanocrystal.errors import InputError
from nanocrystal.reduction.xas import ReducedAbsorption, XrayAbsorption, reduced_absorption
from nanocrystal.reduction.xas.noise import ToR
from support.measured import measured
from support.xas_files import E0, energies, made_chi, made_mu, reduced, signals

ENERGY = energies()
MU = made_mu(ENERGY)
CU_K = XrayAbsorption(element="Cu", edge="K", mode="mu")


def test_a_made_scan_comes_back() -> None:
    one = reduced([(ENERGY, MU)], pre_edge=(-180.0, -50.0))
    assert one.e0 == pytest.approx(E0, abs=0.1)
    assert one.step == pytest.approx(1.4, rel=0.02)
    assert one.norm[ENERGY < E0 - 50.0] == pytest.approx(0.0, abs=0.01)
    assert one.norm * one.step + one.pre_edge == pytest.approx(MU)
    assert np.mean(one.flat[ENERGY > E0 + 100.0]) == pytest.approx(1.0, abs=0.01)
    assert one.k[0] == 0.0
    assert np.diff(one.k) == pytest.approx(0.05)
    to_r = ToR((3.0, 13.0), 2)
    r, found = to_r.transformed(one.k, one.chi)
    made = to_r.transformed(one.k, made_chi(one.k))[1]
    shells = (r > 1.5) & (r < 4.5)
    apart = np.sum(np.abs(found - made)[shells] ** 2) / np.sum(np.abs(made)[shells] ** 2)
    assert apart < 1e-3
    assert np.abs(found[r < 0.8]).max() < 0.05 * np.abs(made).max()


def test_scale_and_offset_of_a_scan_do_not_matter() -> None:
    one, other = reduced([(ENERGY, MU)]), reduced([(ENERGY, 0.01 * MU + 3.0)])
    assert other.chi == pytest.approx(one.chi, abs=1e-8)
    assert other.step == pytest.approx(0.01 * one.step)


def test_a_given_e0_moves_k() -> None:
    one, other = reduced([(ENERGY, MU)], e0=E0), reduced([(ENERGY, MU)], e0=E0 + 10.0)
    at = 8.0
    moved = np.sqrt(at**2 + 0.2624682917 * 10.0)
    assert np.interp(at, other.k, other.chi) == pytest.approx(np.interp(moved, one.k, one.chi), abs=0.01)


def test_the_background_follows_rbkg_and_clamps() -> None:
    none = reduced([(ENERGY, MU)], rbkg=3.0)
    to_r = ToR((3.0, 13.0), 2)
    r, left = to_r.transformed(none.k, none.chi)
    assert np.abs(left[(r > 1.5) & (r < 2.7)]).max() < 0.2 * np.abs(left[(r > 3.3) & (r < 4.0)]).max()
    free, held = (reduced([(ENERGY, MU)], clamp=(0, clamp)) for clamp in (0, 1000))
    assert np.abs(held.chi[-3:]).max() < 0.6 * np.abs(free.chi[-3:]).max()


def test_a_short_scan_is_normalised_only() -> None:
    short = ENERGY < E0 + 80.0
    one = reduced([(ENERGY[short], MU[short])])
    assert (len(one.k), len(one.chi), one.noise) == (0, 0, None)
    assert one.notes == ("The scan ends at k = 4.6 Å⁻¹, too early for χ(k): it is normalised only.",)


# ---- several scans ----------------------------------------------------------------------------------


def test_scans_are_aligned_on_their_reference_and_averaged() -> None:
    shifts = (0.0, 1.37, -2.2)
    scans = signals([(ENERGY + shift, MU) for shift in shifts])
    one = reduced_absorption(scans, CU_K, "cu", "reduction.cu", reference="sample")
    assert one.shifts == pytest.approx([0.0, -1.37, 2.2], abs=0.02)
    assert [n for n in one.notes if n.startswith("scan 3 was shifted by +2.") and "its sample agrees" in n]
    edge = np.abs(one.energy - E0) < 20.0
    assert one.mu[edge] == pytest.approx(made_mu(one.energy)[edge], abs=0.01)
    blurred = reduced_absorption(scans, CU_K, "cu", "reduction.cu")
    assert [n for n in blurred.notes if n == "Interpolated on the energies of scan 1: scan 2, scan 3."]
    assert [n for n in blurred.notes if n.startswith("Only 8800.37 to 9718.88 eV, which all scans cover")]
    assert np.abs(blurred.mu - made_mu(blurred.energy))[np.abs(blurred.energy - E0) < 20.0].max() > 0.1


def test_points_are_taken_out_and_ranges_cut() -> None:
    spoilt = MU.copy()
    spoilt[[200, 250]] += 5.0
    with_glitches = signals([(ENERGY, spoilt)])
    assert reduced([(ENERGY, spoilt)]).e0 == pytest.approx(E0, abs=0.1)  # a glitch is no second edge
    deglitch = [float(ENERGY[200]) + 0.1, float(ENERGY[250])]
    one = reduced_absorption(with_glitches, CU_K, "cu", "reduction.cu", deglitch=deglitch)
    assert len(one.energy) == len(ENERGY) - 2
    clean = reduced([(ENERGY, MU)])
    inside = (one.k > 3.0) & (one.k < 13.0)
    assert one.chi[inside] == pytest.approx(clean.chi[inside], abs=0.01)
    cut = reduced_absorption(with_glitches, CU_K, "cu", "r", deglitch=deglitch, energy_range=(8850.0, 9400.0))
    assert (cut.energy[0] >= 8850.0, cut.energy[-1] <= 9400.0) == (True, True)


# ---- wrong input ------------------------------------------------------------------------------------

TWO = MU + 0.8 * (0.5 + np.arctan(ENERGY - 9659.0) / np.pi)
ZN = made_mu(energies(9659.0), 9659.0)
WRONG: list[tuple[FloatArray, FloatArray, dict[str, object], str]] = [
    (
        ENERGY,
        MU,
        {"element": "Zn"},
        r"absorption.element: scan 1 does not rise at Zn K, 9659 eV, but at 897\d",
    ),
    (ENERGY, MU, {"element": "Pb", "edge": "L3"}, r"Pb L3 is at 13035 eV, but scan 1 goes from 8799 to .* \(near Cu K"),
    (
        energies(9659.0),
        ZN,
        {},
        r"Cu K is at 8979 eV, but scan 1 goes from 9479 .* rises at 9659.\d eV \(near Zn K",
    ),
    (
        ENERGY,
        TWO,
        {},
        r"holds two edges, Cu K at 8979 eV and one at 9660.8 eV \(near Zn K.*range = \[8799, 9611\]",
    ),
    (ENERGY, MU, {"element": "Xx"}, "'Xx' is no element with edges here"),
    (ENERGY, MU, {"element": "Li", "edge": "L3"}, r"Li has no edge L3; it has K \(54.7 eV\)"),
    (ENERGY, MU, {"e0": 9100.0}, "absorption.e0: is 9100 eV, but Cu K is at 8979 eV; it may lie 40 eV"),
    (ENERGY, MU, {"pre_edge": (-400.0, -300.0)}, r"pre_edge: \[-400, -300\] eV from e0 holds 0 points on its side"),
    (ENERGY, MU, {"pre_edge": (-100.0, 20.0)}, r"pre_edge: \[-100, 20\] eV from e0 reaches over the edge"),
    (
        ENERGY,
        MU,
        {"k_range": (3.0, 20.0)},
        r"k_range: \[3, 20\] Å⁻¹ is no range of at least 1 Å⁻¹ .* end at 13.9",
    ),
]


@pytest.mark.parametrize(("energy", "mu", "more", "sentence"), WRONG)
def test_what_cannot_be_meant_is_said(
    energy: FloatArray, mu: FloatArray, more: dict[str, object], sentence: str
) -> None:
    settings = XrayAbsorption(**({"element": "Cu", "edge": "K", "mode": "mu"} | more))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=sentence):
        reduced_absorption(signals([(energy, mu)]), settings, "cu", "reduction.cu")


def test_two_edges_of_an_element_are_told() -> None:
    energy = np.arange(12900.0, 15500.0, 2.0)
    mu = made_mu(energy, 13035.0) + 0.5 * (0.5 + np.arctan(energy - 15200.0) / np.pi)
    lead = XrayAbsorption(element="Pb", edge="L3", mode="mu")
    with pytest.raises(
        InputError, match=r"two edges of Pb, L3 at 13035 and L2 at 15200 eV: .*energy_range = \[12900, 15150"
    ):
        reduced_absorption(signals([(energy, mu)]), lead, "pb", "reduction.pb")
    assert reduced_absorption(signals([(energy, mu)]), lead, "pb", "r", energy_range=(12900.0, 15150.0)).k[-1] > 20.0


def test_scans_that_do_not_belong_together_are_refused() -> None:
    scans = signals([(ENERGY, MU), (ENERGY + 60.0, made_mu(ENERGY + 60.0, E0 + 30.0))])
    with pytest.raises(InputError, match=r"reduction.cu.reference: the sample of scan 2 has no edge within 10 eV"):
        reduced_absorption(scans, CU_K, "cu", "reduction.cu", reference="sample")
    with pytest.raises(InputError, match=r"deglitch: there is no point at 8000 eV in scan 1; the next one is at 8799"):
        reduced_absorption(scans[:1], CU_K, "cu", "reduction.cu", deglitch=[8000.0])
    with pytest.raises(InputError, match=r"energy_range: \[9000, 9002\] eV leaves 5 points of scan 1, which goes"):
        reduced_absorption(scans[:1], CU_K, "cu", "reduction.cu", energy_range=(9000.0, 9002.0))
    down = signals([(ENERGY, -MU)])
    with pytest.raises(InputError, match=r"absorption.edge: μ of scan 1 falls at Cu K, 8979 eV, where it should"):
        reduced_absorption(down, CU_K, "cu", "reduction.cu")


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rexafs", None)
    with pytest.raises(InputError, match=r'rexafs, which is not installed: pip install "nanocrystal\[absorption\]"'):
        reduced([(ENERGY, MU)])


# ---- measured ---------------------------------------------------------------------------------------


def _measured(file: str, element: str, edge: str, mode: str, entry: str = "") -> ReducedAbsorption:
    (scan,) = read_absorption_scans(measured(f"xas/{file}"), "", [entry] if entry else [])
    settings = XrayAbsorption(element=element, edge=edge, mode=mode)  # type: ignore[arg-type]
    return reduced_absorption([absorption_signal(scan, settings.mode, {}, "")], settings)


EDGES = [
    ("larch_MIT/cu_metal_rt.xdi", "Cu", "K", 8980.54),
    ("xasdatalibrary_CC0/Zn_foil.xdi", "Zn", "K", 9660.9),
    ("xasdatalibrary_CC0/ZnO.xdi", "Zn", "K", 9664.5),
    ("xasdatalibrary_CC0/Pb_Foil_L3_rt_2016Foils.xdi", "Pb", "L3", 13040.6),
]
"""e0 as xraylarch finds it; that of copper is 8984.9, the E0 of its fit, less the 4.358 that it states"""


@pytest.mark.parametrize(("file", "element", "edge", "e0"), EDGES)
def test_edges_of_measured_scans(file: str, element: str, edge: str, e0: float) -> None:
    one = _measured(file, element, edge, "transmission")
    assert one.e0 == pytest.approx(e0, abs=0.2)
    assert np.std(one.norm[one.energy < e0 - 30.0]) < 0.01
    assert one.sigma[0] > 0.0


def test_gold_is_normalised_as_larch_did() -> None:
    one = _measured("larch_MIT/cyanobacteria.prj", "Au", "L3", "mu", "Au foil")
    theirs = np.loadtxt(measured("xas/larch_MIT/lcf_gold_cyanobacteria/s1.dat"))
    near = (one.energy > 11870.0) & (one.energy < 12030.0)
    assert one.norm[near] == pytest.approx(np.interp(one.energy, *theirs.T)[near], abs=0.02)


def test_every_lead_of_the_project_has_its_edge() -> None:
    places = [str(n) for n in range(1, 28) if n not in (3, 18)]  # 3 begins at 8000 eV; 18 rises 6 eV too early
    lead = [_measured("larch_MIT/PbL3_CAMD.prj", "Pb", "L3", "mu", place) for place in places]
    assert all(13034.0 < one.e0 < 13039.0 for one in lead)
    assert [n for one in lead for n in one.notes if "states the edge M5" in n]
