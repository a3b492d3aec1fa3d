"""A refinement to report, made by hand; the tests of the report share it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nanocrystal.report.refined.result import (
    AtomPicture,
    DerivedValue,
    Estimate,
    FineCurve,
    FittedCurve,
    ParameterCorrelations,
    Result,
    SizeCurve,
    SizeMap,
)

HOSTILE = "<script>alert(1)</script>"
CLOSING = "</script><img src=x onerror=alert(2)>"


def platinum_pdf() -> FittedCurve:
    """A made-up PDF of platinum spheres: Gaussians at the distances of fcc under an envelope."""
    r = np.linspace(1.5, 50.0, 389)
    a, diameter = 3.9257, 37.4
    n = np.arange(-13, 14)
    cell = np.stack(np.meshgrid(n, n, n, indexing="ij"), axis=-1).reshape(-1, 3)
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    distances = a * np.linalg.norm(cell[:, None, :] + basis, axis=-1).ravel()
    edges = np.concatenate([r - 0.0625, [r[-1] + 0.0625]])
    counts = np.histogram(distances, bins=edges)[0] / 0.125
    kernel = np.exp(-0.5 * (np.arange(-8, 9) * 0.125 / 0.14) ** 2)
    radial = np.convolve(counts, kernel / kernel.sum(), mode="same")
    envelope = np.where(r < diameter, 1 - 1.5 * r / diameter + 0.5 * (r / diameter) ** 3, 0.0)
    calculated = 0.6 * (radial / r - 4 * np.pi * 4 / a**3 * r) * envelope * np.exp(-0.5 * (0.04 * r) ** 2)
    rng = np.random.default_rng(7)
    sigma = np.full(r.shape, 0.35)
    observed = calculated + sigma * rng.standard_normal(r.size) + 0.4 * np.sin(2.1 * r) * np.exp(-r / 15)
    return FittedCurve(
        technique="X-ray PDF",
        x=r,
        observed=observed,
        sigma=sigma,
        calculated=calculated,
        background=None,
        x_name="r",
        x_unit="Å",
        y_name="G",
        y_unit="Å⁻²",
        n_points=389,
        rw=0.10234,
        rwp=0.10987,
        rwp_without_background=None,
        chi2_red=1.4321,
        gof=1.1967,
        weights="1/σ² from the file",
        source=f"Pt-nanoparticles{HOSTILE}.gr",
        components={"Pt–Pt": 0.9 * calculated, "Pt–ligand": 0.1 * calculated},
        notes=(f"qmax 25 Å⁻¹ as said in the file {CLOSING}",),
    )


def platinum_on_two_grids() -> FittedCurve:
    """The same, of which every third point is compared and all are known."""
    whole = platinum_pdf()
    assert whole.sigma is not None
    return replace(
        whole,
        x=whole.x[::3],
        observed=whole.observed[::3],
        calculated=whole.calculated[::3],
        sigma=whole.sigma[::3],
        components={k: v[::3] for k, v in whole.components.items()},
        n_points=130,
        fine=FineCurve(whole.x, whole.observed, whole.calculated),
    )


def platinum_powder() -> FittedCurve:
    """A made-up powder pattern of the same particles, on a background, without sigmas."""
    x = np.linspace(20.0, 140.0, 1201)
    background = 220 * np.exp(-x / 60) + 60
    peaks = {39.8: 1.0, 46.3: 0.53, 67.5: 0.31, 81.3: 0.33, 85.7: 0.12, 103.5: 0.06, 117.7: 0.2, 122.8: 0.14}
    width = 1.3 / np.cos(np.radians(x / 2))
    bragg = sum(1400 * h / (1 + ((x - p) / width) ** 2) for p, h in peaks.items())
    calculated = bragg + background
    rng = np.random.default_rng(8)
    return replace(
        platinum_pdf(),
        technique="X-ray powder diffraction",
        x=x,
        observed=rng.poisson(calculated * (1 + 0.02 * np.sin(x / 3))).astype(float),
        sigma=None,
        calculated=calculated,
        background=background,
        x_name="2θ",
        x_unit="°",
        y_name="intensity",
        y_unit="counts",
        n_points=1201,
        rw=0.0412,
        rwp=0.0471,
        rwp_without_background=0.0893,
        chi2_red=None,
        gof=None,
        weights="all equal: the file has no uncertainties",
        source="pt.xye",
        components={},
        notes=(),
    )


def total_scattering() -> FittedCurve:
    """The powder pattern as intensity over Q, with a wavelength."""
    powder = platinum_powder()
    q = 4 * np.pi * np.sin(np.radians(powder.x / 2)) / 1.5406
    return replace(powder, technique="total-scattering", x=q, x_name="Q", x_unit="Å⁻¹", wavelength=1.5406)


def sphere_sizes() -> SizeCurve:
    """A log-normal distribution of diameters."""
    d = np.linspace(15.0, 70.0, 221)
    number = np.exp(-0.5 * (np.log(d / 37.4) / 0.14) ** 2) / d
    number /= number.sum() * (d[1] - d[0])
    volume = number * d**3 / (number * d**3).sum() / (d[1] - d[0])
    return SizeCurve(length_name="diameter", unit="Å", length=d, number_density=number, volume_density=volume)


def size_map() -> SizeMap:
    """A normal density over two lengths."""
    x, y = np.linspace(20.0, 60.0, 41), np.linspace(30.0, 90.0, 31)
    density = np.exp(-0.5 * ((x[None, :] - 40.0) / 5.0) ** 2 - 0.5 * ((y[:, None] - 60.0) / 8.0) ** 2)
    return SizeMap(
        first_name="d_ab", second_name="l_c", unit="Å", first=x, second=y, number_density=density / (2 * np.pi * 40.0)
    )


def three_atoms() -> AtomPicture:
    """Three atoms, one of no element that has a colour."""
    places = np.array([[0.0, 0.0, 0.004], [2.8, 0.0, 0.0], [0.0, 2.8, 0.0]])
    return AtomPicture(elements=("Pb", "Br", "Og"), positions=places, note=f"All 3 atoms {HOSTILE}.")


def example() -> Result:
    """A refinement of platinum particles against two data sets, with hostile texts in it."""
    parameters = {
        "crystals.pt.a": Estimate(
            value=3.92571,
            stderr=0.00073,
            stderr_scaled=0.00087,
            unit="Å",
            status="free",
            min=3.8,
            max=4.05,
            description="lattice parameter",
        ),
        "crystals.pt.sites.Pt.U": Estimate(
            value=0.004812,
            stderr=0.00019,
            stderr_scaled=0.00023,
            unit="Å²",
            status="free",
            min=0.0,
            max=None,
            description="displacement",
        ),
        "populations.dots.diameter": Estimate(
            value=37.42,
            stderr=1.05,
            stderr_scaled=1.26,
            unit="Å",
            status="free",
            min=5.0,
            max=100.0,
            description="mean diameter",
        ),
        "populations.dots.sigma": Estimate(
            value=0.3,
            stderr=5.2,
            stderr_scaled=6.2,
            unit="",
            status="undetermined",
            min=0.0,
            max=1.0,
            description="width of the sizes",
        ),
        "datasets.pdf.qbroad": Estimate(
            value=0.0,
            stderr=0.01,
            stderr_scaled=0.01,
            unit="Å⁻¹",
            status="at_bound",
            min=0.0,
            max=0.1,
            description="peak broadening",
        ),
        "datasets.pdf.scale": Estimate(
            value=0.8312,
            stderr=0.0021,
            stderr_scaled=0.0025,
            unit="",
            status="linear",
            min=None,
            max=None,
            description="scale",
        ),
        "datasets.powder.scale": Estimate(
            value=12840.0, stderr=190.0, stderr_scaled=230.0, unit="counts", status="linear"
        ),
        "datasets.pdf.qdamp": Estimate(
            value=0.04,
            stderr=None,
            stderr_scaled=None,
            unit="Å⁻¹",
            status="fixed",
            description=f"from nickel {HOSTILE}",
        ),
        "datasets.powder.wavelength": Estimate(value=1.5406, stderr=None, stderr_scaled=None, unit="Å", status="fixed"),
        "populations.dots.c": Estimate(
            value=3.92571,
            stderr=None,
            stderr_scaled=None,
            unit="Å",
            status="tied",
            description="equal to crystals.pt.a",
        ),
    }
    names = [k for k, p in parameters.items() if p.status in ("free", "linear")]
    rng = np.random.default_rng(3)
    spread = np.corrcoef(rng.standard_normal((len(names), 12)))
    return Result(
        title=f"Pt nanoparticles {HOSTILE}",
        version="0.1.0",
        converged=True,
        message="The relative change of the sum of squares fell below 10⁻⁸.",
        elapsed_s=12.7,
        n_evaluations=57,
        parameters=parameters,
        derived={
            "populations.dots.atoms": DerivedValue(1812.3, 61.0, "", "atoms in the mean particle"),
            "crystals.pt.density": DerivedValue(21.418, 0.014, "g/cm³", "X-ray density"),
        },
        datasets={"pdf": platinum_pdf(), f"powder{CLOSING}": platinum_powder()},
        correlations=ParameterCorrelations(names, spread),
        inputs={"pt.gr": "9f" * 32, f"pt{HOSTILE}.cif": "0a" * 32},
        notes=[
            "crystals.pt.sites.Pt.U and datasets.pdf.scale are correlated by 0.93: fix one if it is known.",
            "populations.dots.sigma is not determined by the data.",
            f"datasets.pdf.qbroad stopped at its lower bound {CLOSING}",
        ],
        sizes={"dots": sphere_sizes()},
        structures={"pt.cif": "data_pt"},
        provenance={
            "versions": {"python": "3.12.4", "numpy": "2.1.0"},
            "optimiser": {"method": "trf", "ftol": 1e-8, "unsafe": HOSTILE},
        },
        methods=[
            "Debye equation (P. Debye, Ann. Phys. 351, 809, 1915, doi:10.1002/andp.19153510606).",
            "Atomic form factors by D. Waasmaier and A. Kirfel, Acta Cryst. A 51, 416 (1995).",
        ],
    )
