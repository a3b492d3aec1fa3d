"""Real CIFs: read with the content that their sources state, and without notes of contradictions."""

from __future__ import annotations

from pathlib import Path

import gemmi
import numpy as np
import pytest

from nanocrystal.sample.crystal import contacts
from nanocrystal.sample.crystal.cif import read_cif
from nanocrystal.sample.crystal.contacts import near
from support.cifs import atoms, crystal
from support.measured import measured
from support.paths import ROOT

CONTENT = {
    "cif/retyped_minimal/Cs4PbBr6_R-3c_computed.cif": {"Cs": 24, "Pb": 6, "Br": 36},
    "cif/retyped_minimal/CsBr_Pm-3m_computed.cif": {"Cs": 1, "Br": 1},
    "cif/retyped_minimal/CsPbBr3_alpha_Pm-3m_425K.cif": {"Cs": 1, "Pb": 1, "Br": 3},
    "cif/retyped_minimal/CsPbBr3_gamma_Pbnm_RT.cif": {"Cs": 4, "Pb": 4, "Br": 12},
    "cif/retyped_minimal/CsPbI3_alpha_Pm-3m.cif": {"Cs": 1, "Pb": 1, "I": 3},
    "cif/retyped_minimal/CsPbI3_beta_P4_mbm.cif": {"Cs": 2, "Pb": 2, "I": 6},
    "cif/retyped_minimal/CsPbI3_gamma_Pnam_RT.cif": {"Cs": 4, "Pb": 4, "I": 12},
    "cif/retyped_minimal/CsPbI3_delta_Pnma_293K.cif": {"Cs": 4, "Pb": 4, "I": 12},
    "pdf/pdfttp_ch03NiModelling/Ni.cif": {"Ni": 4},
    "pdf/pdfttp_ch03NiModelling/Pt.cif": {"Pt": 4},
    "pdf/pdfttp_ch08NPRefinement/CdSe-Wurtzite.cif": {"Cd": 2, "Se": 2},
    "pdf/pdfttp_ch08NPRefinement/CdSe-Zincblende.cif": {"Cd": 4, "Se": 4},
    "pdf/pdfttp_nanoparticle-fit/CdS.cif": {"Cd": 2, "S": 2},
    "pdf/pdfttp_nanoparticle-fit/ZnS.cif": {"Zn": 2, "S": 2},
}
HALIDES = {
    # Å, the distances of lead and halide that the sources of the files give
    "CsPbBr3_alpha_Pm-3m_425K": [2.937], "CsPbBr3_gamma_Pbnm_RT": [2.955, 2.964, 2.984],
    "CsPbI3_alpha_Pm-3m": [3.145], "CsPbI3_beta_P4_mbm": [3.150, 3.157],
    "CsPbI3_gamma_Pnam_RT": [3.148, 3.163, 3.221],
}  # fmt: skip


@pytest.mark.parametrize("file", CONTENT)
def test_content_without_notes(file: str) -> None:
    structure = read_cif(measured(file))
    assert structure.notes == ()
    assert atoms(structure) == CONTENT[file]


@pytest.mark.parametrize("name", HALIDES)
def test_distances_of_the_sources(name: str) -> None:
    made = crystal(read_cif(measured(f"cif/retyped_minimal/{name}.cif")))
    lead = next(k for k, s in enumerate(made.sites) if s.element == "Pb")
    now = made.at(made._initial_values())
    places, metal = now.positions, now.positions[lead][0]
    halides = np.concatenate([p for p, s in zip(places, made.sites, strict=True) if s.element in ("Br", "I")])
    shifts = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    distances = np.linalg.norm((halides[:, None] + shifts - metal) @ now.vectors, axis=-1).ravel()
    six = np.sort(distances)[:6]
    assert sorted({round(float(d), 3) for d in six}) == pytest.approx(HALIDES[name], abs=2e-3)


def test_examples_of_this_package_have_no_notes() -> None:
    files = sorted((ROOT / "examples").glob("*.cif"))
    assert files
    for file in files:
        assert read_cif(file).notes == (), file.name


def test_a_real_file_whose_formula_is_of_another_compound() -> None:
    """SrFe2As2 beside the formula of (Sr, Na)Fe2As2: the atoms are as many, and the formula is told to be another."""
    folder = "pdf/pdfttp_ch07StructuralPhaseTransitions"
    structure = read_cif(measured(f"{folder}/SrFe2As2_orthorhombic.cif"))
    assert atoms(structure) == {"Sr": 4, "Fe": 8, "As": 8}
    assert any("formula × Z says" in note for note in structure.notes)


# ---- many sites -----------------------------------------------------------------------------------


def many(n: int) -> str:
    """Return rock salt of n × n × n cells in P 1, every atom a site."""
    places = [(np.array(p), e) for e, p in gemmi_places()]
    rows = []
    for cell in np.ndindex(n, n, n):
        for place, element in places:
            x, y, z = (np.array(cell) + place) / n
            rows.append(f"{element}{len(rows)} {element} {x:.6f} {y:.6f} {z:.6f} 0.01")
    lengths = "\n".join(f"_cell_length_{k} {5.64 * n}" for k in "abc")
    tags = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "U_iso_or_equiv")
    loop = "\n".join(["loop_", *(f"_atom_site_{t}" for t in tags)])
    return "\n".join(["data_many", lengths, "_space_group_name_H-M_alt 'P 1'", loop, *rows, ""])


def gemmi_places() -> list[tuple[str, tuple[float, float, float]]]:
    """Return element and place of the eight atoms of rock salt, by gemmi's operations."""
    group = gemmi.SpaceGroup("F m -3 m").operations()
    found: dict[tuple[str, tuple[float, float, float]], None] = {}
    for element, at in (("Na", [0.0, 0.0, 0.0]), ("Cl", [0.5, 0.5, 0.5])):
        for op in group:
            x, y, z = (round(v % 1.0, 6) for v in op.apply_to_xyz(at))
            found[element, (x, y, z)] = None
    return list(found)


@pytest.mark.long
def test_thirty_thousand_sites(tmp_path: Path) -> None:
    (tmp_path / "many.cif").write_text(many(16))
    structure = read_cif(tmp_path / "many.cif")
    assert len(structure.sites) == 32_768
    assert atoms(structure) == {"Na": 16_384, "Cl": 16_384}


def test_work_grows_as_the_sites(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Distances that are looked at in reading 64, 512 and 4096 sites: one for each, that of an atom to itself."""
    looked_at: list[int] = []

    def counted(places: np.ndarray, others: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = near(places, others, reach)
        looked_at.append(len(found[2]))
        return found

    monkeypatch.setattr(contacts, "near", counted)
    counts = []
    for n in (2, 4, 8):
        looked_at.clear()
        (tmp_path / "many.cif").write_text(many(n))
        read_cif(tmp_path / "many.cif")
        counts.append(sum(looked_at))
    assert counts == [64, 512, 4096]
