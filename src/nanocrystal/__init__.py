"""One atomistic description of a nanocrystal sample, refined against what every instrument sees.

    import nanocrystal as nc

    pt = nc.Crystal("Pt.cif", name="pt", a=nc.vary(3.92), u_iso={"Pt": nc.vary(0.009)})
    dots = nc.Population(pt, shape=nc.Sphere(nc.vary(40.0)), name="dots")
    pdf = nc.Pdf("Pt.gr", r_range=(1.5, 50.0), qmax=25.0, qdamp=0.045, qbroad=0.017, delta2=nc.vary(4.0))
    fit = nc.refine(dots, pdf)
    fit["dots.diameter"]

Names are imported when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nanocrystal._version import __version__

if TYPE_CHECKING:
    from nanocrystal.analysis.spectra import Lines, SpectraFit, fit_spectra
    from nanocrystal.errors import InputError, NanocrystalError, RefinementError
    from nanocrystal.measurement import Noise
    from nanocrystal.parameters import Parameter, fixed, tied, vary
    from nanocrystal.refinement import Comparison, Options, Result
    from nanocrystal.refinement.posterior import Listeners, Sampling
    from nanocrystal.report.compared.files import write_comparison
    from nanocrystal.report.compared.page import comparison_html
    from nanocrystal.report.reading import read_result
    from nanocrystal.report.written import report_html, write_result
    from nanocrystal.running import Processes
    from nanocrystal.sample import (
        Atoms,
        Brick,
        Bulk,
        Cluster,
        Coating,
        Crystal,
        Cube,
        Cylinder,
        Distribution,
        Ellipsoid,
        Exponential,
        FixedBody,
        Histogram,
        Octahedron,
        Platelet,
        Population,
        Prism,
        Sample,
        Shell,
        SiteOverride,
        SizeLaw,
        Sphere,
        Stacking,
        Substitution,
        TwinFamily,
    )
    from nanocrystal.simulation import cluster_intensity
    from nanocrystal.study import Study, read_candidates
    from nanocrystal.techniques import (
        Blank,
        Composition,
        Line,
        NmrLines,
        NmrRelaxation,
        Pdf,
        Powder,
        PowderBlank,
        Profile,
        RelaxationPart,
        Saxs,
        TotalScattering,
    )
    from nanocrystal.verbs import (
        compare,
        plan_measurement,
        read_study,
        refine,
        sample_posterior,
        simulate,
        simulated_curves,
    )

_HOMES = {
    "analysis.spectra": ("Lines", "SpectraFit", "fit_spectra"),
    "errors": ("InputError", "NanocrystalError", "RefinementError"),
    "parameters": ("Parameter", "fixed", "tied", "vary"),
    "refinement": ("Comparison", "Options", "Result"),
    "report.compared.page": ("comparison_html",),
    "report.compared.files": ("write_comparison",),
    "report.reading": ("read_result",),
    "report.written": ("report_html", "write_result"),
    "sample": (
        "Atoms",
        "Brick",
        "Bulk",
        "Cluster",
        "Coating",
        "Crystal",
        "Cube",
        "Cylinder",
        "Distribution",
        "Ellipsoid",
        "Exponential",
        "FixedBody",
        "Histogram",
        "Octahedron",
        "Platelet",
        "Population",
        "Prism",
        "Sample",
        "Shell",
        "SiteOverride",
        "SizeLaw",
        "Sphere",
        "Stacking",
        "Substitution",
        "TwinFamily",
    ),
    "running": ("Processes",),
    "refinement.posterior": ("Listeners", "Sampling"),
    "simulation": ("cluster_intensity",),
    "study": ("Study", "read_candidates"),
    "techniques": (
        "Blank",
        "Composition",
        "Line",
        "NmrLines",
        "NmrRelaxation",
        "Pdf",
        "Powder",
        "PowderBlank",
        "Profile",
        "RelaxationPart",
        "Saxs",
        "TotalScattering",
    ),
    "measurement": ("Noise",),
    "verbs": (
        "compare",
        "plan_measurement",
        "read_study",
        "refine",
        "sample_posterior",
        "simulate",
        "simulated_curves",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Atoms",
    "Blank",
    "Brick",
    "Bulk",
    "Cluster",
    "Coating",
    "Comparison",
    "Composition",
    "Crystal",
    "Cube",
    "Cylinder",
    "Distribution",
    "Ellipsoid",
    "Exponential",
    "FixedBody",
    "Histogram",
    "InputError",
    "Line",
    "Lines",
    "Listeners",
    "NanocrystalError",
    "NmrLines",
    "NmrRelaxation",
    "Noise",
    "Octahedron",
    "Options",
    "Parameter",
    "Pdf",
    "Platelet",
    "Population",
    "Powder",
    "PowderBlank",
    "Prism",
    "Processes",
    "Profile",
    "RefinementError",
    "RelaxationPart",
    "Result",
    "Sample",
    "Sampling",
    "Saxs",
    "Shell",
    "SiteOverride",
    "SizeLaw",
    "SpectraFit",
    "Sphere",
    "Stacking",
    "Study",
    "Substitution",
    "TotalScattering",
    "TwinFamily",
    "__version__",
    "cluster_intensity",
    "compare",
    "comparison_html",
    "fit_spectra",
    "fixed",
    "plan_measurement",
    "read_candidates",
    "read_result",
    "read_study",
    "refine",
    "report_html",
    "sample_posterior",
    "simulate",
    "simulated_curves",
    "tied",
    "vary",
    "write_comparison",
    "write_result",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'nanocrystal' has no attribute {name!r}; see nanocrystal.__all__")
    value = getattr(import_module(f"nanocrystal.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
