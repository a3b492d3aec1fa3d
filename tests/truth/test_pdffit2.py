"""G(r) with PDFgui's peaks against diffpy.pdffit2: same atoms, scale 1 on both sides."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.parameters import Evaluation, ParameterSet
from nanocrystal.sample import Bulk, Crystal, Population, Sample, Sphere
from nanocrystal.techniques.pdf import Pdf

pdffit2 = pytest.importorskip("diffpy.pdffit2", reason="the oracle diffpy.pdffit2 is not installed")
diffpy_structure = pytest.importorskip("diffpy.structure", reason="diffpy.structure reads the CIFs of the oracle")

FCC = """\
data_{element}
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
{element}1 {element} 0 0 0
"""
CDSE = """\
data_CdSe_wurtzite
_cell_length_a 4.300
_cell_length_b 4.300
_cell_length_c 7.010
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_symmetry_Int_Tables_number 186
loop_
_symmetry_equiv_pos_as_xyz
'x,y,z'
'-y,x-y,z'
'-x+y,-x,z'
'-x,-y,z+1/2'
'y,-x+y,z+1/2'
'x-y,x,z+1/2'
'-y,-x,z'
'-x+y,y,z'
'x,x-y,z'
'y,x,z+1/2'
'x-y,-y,z+1/2'
'-x,-x+y,z+1/2'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cd1 Cd 0.33333333 0.66666667 0
Se1 Se 0.33333333 0.66666667 0.375
"""
CSPBBR3 = """\
data_CsPbBr3_gamma
_cell_length_a 8.207
_cell_length_b 8.255
_cell_length_c 11.759
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_Int_Tables_number 62
loop_
_symmetry_equiv_pos_as_xyz
'x,y,z'
'-x,-y,z+1/2'
'x+1/2,-y+1/2,-z'
'-x+1/2,y+1/2,-z+1/2'
'-x,-y,-z'
'x,y,-z+1/2'
'-x+1/2,y+1/2,z'
'x+1/2,-y+1/2,z+1/2'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cs1 Cs 0.99 0.971 0.25
Pb1 Pb 0.5 0 0
Br1 Br 0.046 0.505 0.25
Br2 Br 0.793 0.205 0.025
"""


@dataclass(frozen=True)
class Case:
    cif: str
    u_iso: dict[str, float]
    instrument: dict[str, float]
    motion: dict[str, float] = field(default_factory=dict)
    diameter: float | None = None


CASES = {
    "Ni": Case(
        FCC.format(element="Ni", a=3.5248),
        {"Ni": 0.0059},
        {"qmax": 25.0, "qdamp": 0.045, "qbroad": 0.017},
        {"delta2": 1.7},
    ),
    "CdSe wurtzite": Case(
        CDSE, {"Cd": 0.016, "Se": 0.023}, {"qmax": 14.0, "qdamp": 0.05, "qbroad": 0.0}, {"delta2": 5.7}
    ),
    "CsPbBr3 Pbnm": Case(
        CSPBBR3,
        {"Cs": 0.04, "Pb": 0.015, "Br": 0.03},
        {"qmax": 22.0, "qdamp": 0.035, "qbroad": 0.01},
        {"delta1": 0.8},
    ),
    "Pt sphere": Case(
        FCC.format(element="Pt", a=3.9257),
        {"Pt": 0.0075},
        {"qmax": 25.0, "qdamp": 0.045, "qbroad": 0.017},
        {"delta2": 3.5},
        diameter=37.0,
    ),
}
STEP, FIRST, LAST, FAR = 0.01, 1.5, 30.0, 60.0
"""Å: the grid that is compared, and how far the curve without termination is asked for"""


def ours(case: Case, path: Path) -> np.ndarray:
    shape = Bulk() if case.diameter is None else Sphere(case.diameter)
    sample = Sample({"p": Population("c", shape)}, {"c": Crystal.from_cif(path, u_iso=case.u_iso)})
    grid = f"{FIRST}:{LAST}:{STEP}"
    technique = Pdf(r=grid, peak_form="pdfgui", scale=1.0, **case.instrument, **case.motion)
    model = technique.bind("pdf", sample)
    declared = {f"datasets.pdf.{name}": entry for name, entry in technique.declared().items()}
    values = ParameterSet({**sample.declared(), **declared}).values({})
    return model.curves(Evaluation(values, model.requirement))[0]


def theirs(case: Case, path: Path) -> np.ndarray:
    """Return the curve of the program, with the term that its termination leaves out.

    It terminates the half-line r > 0; G is odd, so the definition, (2/π)∫ F sin(Qr) dQ, has in addition
    −∫ G(s) sin(qmax (r + s))/π(r + s) ds. It is added here from the program's own curve without termination.
    """
    qmax = case.instrument["qmax"]
    r, s = (
        STEP * np.arange(round(FIRST / STEP), round(LAST / STEP) + 1),
        STEP * np.arange(1, round(FAR / STEP) + 1),
    )
    terminated = of_program(case, path, qmax, LAST)[round(FIRST / STEP) - 1 :]
    mirrored = np.sinc(qmax * (r[:, None] + s) / np.pi) * qmax / np.pi
    return terminated - mirrored @ of_program(case, path, 0.0, FAR) * STEP


def of_program(case: Case, path: Path, qmax: float, end: float) -> np.ndarray:
    """Return G at STEP, 2 STEP, … end; qmax = 0 leaves the termination out."""
    structure = diffpy_structure.loadStructure(str(path), "cif")
    for atom in structure:
        atom.Uisoequiv = case.u_iso[atom.element]
    pdffit2.redirect_stdout(io.StringIO())
    program = pdffit2.PdfFit()
    program.add_structure(structure)
    program.alloc("X", qmax, case.instrument["qdamp"], STEP, end, round(end / STEP))
    program.setvar("qbroad", case.instrument["qbroad"])
    for name, value in case.motion.items():
        program.setvar(name, value)
    if case.diameter is not None:
        program.setvar("spdiameter", case.diameter)
    program.calc()
    return np.array(program.getpdf_fit())


@pytest.mark.parametrize("name", CASES)
def test_g_of_r_agrees_with_pdffit2(name: str, tmp_path: Path) -> None:
    path = tmp_path / "crystal.cif"
    path.write_text(CASES[name].cif, encoding="utf-8")
    a, b = ours(CASES[name], path), theirs(CASES[name], path)
    assert len(a) == len(b)
    r_w = np.sqrt(np.sum((a - b) ** 2) / np.sum(b**2))
    assert r_w <= 0.005
