"""One small result of each kind, made by hand, with texts in it that no page and no file name may take literally."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nanocrystal.data.nmr_data import IndirectAxis
from nanocrystal.measurement import Look
from nanocrystal.report.explicit.result import TypicalCrystal
from nanocrystal.report.nmr.result import ProcessedSpectrum
from nanocrystal.report.outcome import Outcome
from nanocrystal.report.refined.result import AtomPicture, Estimate
from nanocrystal.report.scattered.result import Scattering
from nanocrystal.report.simulated.result import SimulatedCurve, Simulation
from nanocrystal.report.texts.result import WrittenText
from nanocrystal.spectra.processing import NmrPhase, NmrProcessing, NmrSpectrum
from support.plan_example import example as plan
from support.posterior_example import example as posterior
from support.reduced_liquid import result as reduction
from support.report_example import HOSTILE, example
from support.several_example import comparison, series

PLACES = np.array([[0.0, 0.0, 0.0], [2.5, 0.0, 0.0], [0.0, 2.5, 0.1]])


def simulation() -> Simulation:
    """A curve with noise, one that is not finite everywhere, and ratios by their names."""
    q = np.linspace(0.1, 1.0, 10)
    curve = SimulatedCurve(
        technique="saxs",
        x=q,
        y=q**-4.0,
        sigma=0.1 * q**-4.0,
        x_name="q",
        x_unit="Å⁻¹",
        y_name="I",
        y_unit="cm⁻¹",
        wavelength=1.54,
        look=Look(log_axes=True),
    )
    names = SimulatedCurve(
        technique="composition",
        x=np.arange(2.0),
        y=np.array([0.5, np.nan]),
        sigma=None,
        x_name="ratio",
        x_unit="",
        y_name="Value",
        y_unit="",
        labels=("Cs/Pb", HOSTILE),
    )
    value = Estimate(value=3.92, stderr=None, stderr_scaled=None, unit="Å", status="fixed", description=HOSTILE)
    return Simulation(
        title=f"Two curves {HOSTILE}",
        version="0.2.0",
        curves={"saxs": curve, "ratios": names},
        parameters={"crystals.pt.a": value},
        inputs={f"{HOSTILE}.cif": "ab" * 32},
        notes=["u_iso is 0.5 Å²: is it in Å²?"],
        methods=["Small angles. doi 10.1107/S0021889807002245"],
        provenance={"python": "3.12"},
    )


def scattering() -> Scattering:
    """I(Q) of two kinds of atoms."""
    q = np.array([0.5, 1.0, 1.5])
    return Scattering(
        title="Cd1Se2",
        version="0.2.0",
        source=f"{HOSTILE}.xyz",
        atoms={"Cd": 1, "Se": 2},
        u_iso={"Cd": 0.01, "Se": 0.0},
        energy=20000.0,
        q=q,
        intensity=np.array([1e4, np.inf, 2.0]),
    )


def nmr() -> ProcessedSpectrum:
    """Two traces of an inversion recovery."""
    rows = np.array([[-1.0, -9.0, -1.0, 0.1, 0.0], [1.0, 9.0, 1.0, 0.1, 0.0]])
    spectrum = NmrSpectrum(
        values=rows + 0.5j,
        frequency=None,
        shift=np.linspace(0.0, 4.0, 5),
        noise=np.array([0.1, 0.2]),
        nucleus="133Cs",
        carrier_mhz=52.48,
        reference_mhz=52.48,
        indirect=IndirectAxis("delay", "s", np.array([0.1, 5.0]), "vdlist"),
        phase=NmrPhase(10.0, -5.0, 1.0),
        magnitude=False,
        fid_weights=None,
        source=f"cs133/{HOSTILE}",
        title=HOSTILE,
        parameters={"PULPROG": "t1ir", "D": [0.0, 1.5]},
        notes=(f"apodisation: {HOSTILE}",),
    )
    return ProcessedSpectrum(
        title=HOSTILE,
        version="0.2.0",
        spectrum=spectrum,
        processing=NmrProcessing(exponential_hz=10.0, phase=NmrPhase(10.0, -5.0), baseline=2),
        window=(0.0, 3.0),
        integrals={"delay": np.array([0.1, 5.0]), "integral": np.array([-11.0, 11.0]), "sigma": np.array([0.2, 0.4])},
    )


def atoms() -> TypicalCrystal:
    """Three atoms in two domains."""
    return TypicalCrystal(
        title=f"t {HOSTILE}",
        version="0.2.0",
        population="dots",
        seed=3,
        species=("Cs", "Br"),
        kinds=np.array([0, 1, 1]),
        positions=PLACES,
        domains=np.array([0, 0, 2]),
        labels=("Cs1", "Br1"),
        sites=np.array([0, 1, 1]),
        said=("3 atoms, CsBr2.", HOSTILE),
        picture=AtomPicture(("Cs", "Br", "Br"), PLACES, "All 3 atoms."),
    )


def text() -> WrittenText:
    """A study with something to look at."""
    lines = f"title = '{HOSTILE}'\n"
    return WrittenText(title="Pt, PDF", version="0.2.0", name="pt.toml", text=lines, said=("CHECK: qmax.",))


MADE: Mapping[str, Callable[[], Outcome]] = {
    "refinement": example,
    "comparison": comparison,
    "series": series,
    "plan": plan,
    "posterior": posterior,
    "reduction": reduction,
    "simulation": simulation,
    "scattering": scattering,
    "nmr": nmr,
    "atoms": atoms,
    "text": text,
}
"""kind -> what makes one"""
