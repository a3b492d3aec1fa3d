"""Headers as programs write them: what they state of a measurement is taken, what is free text is not."""

from __future__ import annotations

from typing import Any

import pytest

from nanocrystal.data import read_curve
from nanocrystal.data.header import pairs_in, stated_in
from support.measured import measured

FACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "PDFgetX3": (
        "[DEFAULT]\nversion = diffpy.pdfgetx-2.0.0\nmode = xray\ncomposition = Cd Se\nqmaxinst = 31\nqmin = 0\n"
        "qmax = 19\noutputtype = gr",
        {"radiation": "x-ray", "composition": "Cd Se", "qmin": 0.0, "qmax": 19.0, "quantity": "g"},
    ),
    "diffpy": (
        "stype = N\nqmax=25.0 qdamp=0.04 qbroad=0.02\ntemperature = 300",
        {"radiation": "neutron", "qmax": 25.0, "qdamp": 0.04, "qbroad": 0.02, "temperature": 300.0},
    ),
    "PDFgetX2, several pairs a line": (
        "title=X-ray PDF\nlambda=0.142500    energy=87.0070    polartype=0",
        {"wavelength": 0.1425, "sample": "X-ray PDF"},
    ),
    "PDFgetN": ("# PDF from PDFgetN", {"radiation": "neutron"}),
    "neutrons in words": ("neutron powder diffraction of Ni", {"radiation": "neutron"}),
    "GSAS-II": ('"Instparm: Type","PNC"\n"Instparm: Lam",1.8857', {"radiation": "neutron", "wavelength": 1.8857}),
    "11-BM": ("# Calibrated wavelength = 0.4137350", {"wavelength": 0.413735}),
    "pyFAI, in m": ("# Wavelength: 1.0326e-10 m", {"wavelength": 1.0326}),
    "pyFAI, JSON": ('# {\n#   "wavelength": 7.1e-11,\n#   "unit": "q_A^-1"\n# }', {"wavelength": 0.71}),
    "HighScore": (
        "Anode material,Cu\nK-Alpha1 wavelength,1.540598\nK-Alpha2 wavelength,1.544426\nRatio K-Alpha2/K-Alpha1,0.5",
        {"anode": "Cu", "wavelength": 1.540598, "second_wavelength": 1.544426, "ratio": 0.5},
    ),
    "unit in the key": ("Wavelength (nm): 0.154", {"wavelength": 1.54}),
    "energy alone, in keV": ("# X-ray energy (keV): 12.398419843320026", {"wavelength": 1.0}),
    "energy alone, in eV": ("Energy = 24796.839686640052 eV", {"wavelength": 0.5}),
    "tube": ("Radiation: Cu Kα1", {"anode": "Cu"}),
    "anode of Bruker": ("_ANODE='Co'", {"anode": "Co"}),
    "probe": ("# probe: neutron", {"radiation": "neutron"}),
    "canSAS words": ("radiation: Spallation Neutron Source", {"radiation": "neutron"}),
    "qmax in nm⁻¹": ("qmax = 250 nm^-1", {"qmax": 25.0}),
    "temperature in °C": ("Temperature: 25 °C", {"temperature": 298.15}),
    "the first of two": ("qmax = 19\nqmax = 25", {"qmax": 19.0}),
}  # fmt: skip
SILENT = {
    "a sentence": "measured at the neutron and muon source beside the X-ray laboratory",
    "both radiations": "PDFgetX3 settings as for the neutron data",
    "mode of something else": "mode = fast\nradiation = on\ntarget = 20 counts\nsource = /data/Cu/run7",
    "temperature without a unit": "T = 25\ntemp = 300",
    "a wavelength that is none": "wavelength = auto\nlambda = -1\nwl = 0\nenergy = 0\nwavelength =",
    "no number": "qmax = pi\nqdamp = ?\nqmin = .",
    "something of the sort": "qmaxinst = 31\nwavelengthcalibration = 0.7\nMy wavelength notes: 2 lines",
}


def facts_of(text: str) -> dict[str, Any]:
    """Return the facts that a header states, by name."""
    stated = vars(stated_in(text.split("\n")))
    return {k: v for k, v in stated.items() if v not in (None, "") and k not in ("places", "roundings")}


@pytest.mark.parametrize("case", FACTS)
def test_what_a_header_states_is_taken(case: str) -> None:
    text, facts = FACTS[case]
    found = facts_of(text)
    assert found == pytest.approx(facts) if all(isinstance(v, float) for v in facts.values()) else found == facts


@pytest.mark.parametrize("case", SILENT)
def test_what_a_header_does_not_state_is_not_taken(case: str) -> None:
    assert facts_of(SILENT[case]) == {}


def test_where_a_fact_stands_is_kept_for_messages() -> None:
    stated = stated_in(["# a", "# b", "stype = N", "qmax = 25"])
    assert stated.place("radiation") == "line 3, 'stype = N'"
    assert stated.place("qmax") == "line 4, 'qmax = 25'"
    assert stated.place("anode") == "its header"


def test_the_digits_of_a_number_are_kept() -> None:
    """1.5410 says more than 1.541, which says more than 1.54."""
    for text, digits in (("1.5410", 5e-5), ("1.541", 5e-4), ("1.54", 5e-3), ("0.15410 nm", 5e-5)):
        stated = stated_in([f"wavelength = {text}"])
        assert stated.rounding("wavelength") == pytest.approx(digits / 1.541, rel=1e-3)


def test_pairs_of_a_header() -> None:
    assert pairs_in(["a=1  b = two words   c", "x == y", "A= 2"]) == {"a": "2", "b": "two words"}


MEASURED: dict[str, dict[str, Any]] = {
    "pdf/pdfgui_CdSe_3nm/CdSe-3nm.gr": {
        "wavelength": 0.1425, "qmin": 0.3, "qmax": 14.0, "temperature": 300.0, "radiation": None},
    "pdf/pdfttp_ch03NiModelling/Ni.gr": {"radiation": "x-ray", "wavelength": 0.1836, "composition": "Ni", "qmax": 25.0},
    "pdf/pdfttp_ch04GetPDF/Ni.chi": {"wavelength": 0.1835957, "qmax": None},
    "pdf/pdfttp_ch08NPRefinement/CdSe-2.gr": {"composition": "Cd Se", "qmin": 1.0, "qmax": 19.0, "radiation": None},
    "pdf/pdfttp_ch10TiO2film/tio2-ito-glass-450.chi": {"x_unit": "Inverse Nanometres", "wavelength": None},
    "pdf/xpd_CsRich_CsPbBr3/CsRich_CsPbBr3_1.gr": {"composition": "Cs4PbBr6", "qmax": 21.0, "radiation": "x-ray"},
}  # fmt: skip


@pytest.mark.parametrize("name", MEASURED)
def test_headers_of_measured_files(name: str) -> None:
    stated = read_curve(measured(name)).stated
    assert {k: getattr(stated, k) for k in MEASURED[name]} == MEASURED[name]
