"""One atomistic description of a nanocrystal sample, refined against what every instrument sees.

    import nanocrystal as nc

    pt = nc.Crystal.from_cif("Pt.cif", a=nc.vary(3.92), u_iso={"Pt": nc.vary(0.009)})
    sample = nc.Sample({"dots": nc.Population("pt", nc.Sphere(nc.vary(40.0)))}, {"pt": pt})
    pdf = nc.Pdf("Pt.gr", r_range=(1.5, 50.0), qmax=25.0, qdamp=0.045, delta2=nc.vary(4.0))
    result = nc.refine(sample, {"pdf": pdf})

Names are imported when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nanocrystal._version import __version__

if TYPE_CHECKING:
    from nanocrystal.errors import InputError, NanocrystalError, RefinementError
    from nanocrystal.measurement import Noise
    from nanocrystal.parameters import Parameter, fixed, tied, vary
    from nanocrystal.refinement import Comparison, Options, Result, compare, refine
    from nanocrystal.refinement.design import plan_measurement
    from nanocrystal.refinement.posterior import Listeners, Sampling, sample_posterior
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
    from nanocrystal.simulation import cluster_intensity, simulated_curves
    from nanocrystal.study import Study, read_candidates, read_study
    from nanocrystal.techniques import (
        Blank,
        Composition,
        DiffusionComponent,
        Line,
        NmrDiffusion,
        NmrLines,
        NmrRelaxation,
        NmrSites,
        NmrTitration,
        Pdf,
        Powder,
        PowderBlank,
        Profile,
        RelaxationPart,
        Saxs,
        TitrationStep,
        TotalScattering,
    )

_HOMES = {
    "errors": ("InputError", "NanocrystalError", "RefinementError"),
    "parameters": ("Parameter", "fixed", "tied", "vary"),
    "refinement": ("Comparison", "Options", "Result", "compare", "refine"),
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
    "refinement.design": ("plan_measurement",),
    "running": ("Processes",),
    "refinement.posterior": ("Listeners", "Sampling", "sample_posterior"),
    "simulation": ("cluster_intensity", "simulated_curves"),
    "study": ("Study", "read_candidates", "read_study"),
    "techniques": (
        "Blank",
        "Composition",
        "DiffusionComponent",
        "Line",
        "NmrDiffusion",
        "NmrLines",
        "NmrRelaxation",
        "NmrSites",
        "NmrTitration",
        "Pdf",
        "Powder",
        "PowderBlank",
        "Profile",
        "RelaxationPart",
        "Saxs",
        "TitrationStep",
        "TotalScattering",
    ),
    "measurement": ("Noise",),
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
    "DiffusionComponent",
    "Distribution",
    "Ellipsoid",
    "Exponential",
    "FixedBody",
    "Histogram",
    "InputError",
    "Line",
    "Listeners",
    "NanocrystalError",
    "NmrDiffusion",
    "NmrLines",
    "NmrRelaxation",
    "NmrSites",
    "NmrTitration",
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
    "Sphere",
    "Stacking",
    "Study",
    "Substitution",
    "TitrationStep",
    "TotalScattering",
    "TwinFamily",
    "__version__",
    "cluster_intensity",
    "compare",
    "comparison_html",
    "fixed",
    "plan_measurement",
    "read_candidates",
    "read_result",
    "read_study",
    "refine",
    "report_html",
    "sample_posterior",
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
