"""The techniques, by the name that a study calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nanocrystal.lazy import Kinds, from_their_modules

if TYPE_CHECKING:
    from nanocrystal.measurement import Blank
    from nanocrystal.measurement.nmr.lines import Line
    from nanocrystal.techniques.composition import Composition
    from nanocrystal.techniques.exafs import Exafs, ExafsPath
    from nanocrystal.techniques.nmr_diffusion import DiffusionComponent, NmrDiffusion
    from nanocrystal.techniques.nmr_lines import NmrLines
    from nanocrystal.techniques.nmr_relaxation import NmrRelaxation, RelaxationPart
    from nanocrystal.techniques.nmr_sites import NmrSites
    from nanocrystal.techniques.nmr_titration import NmrTitration, TitrationStep
    from nanocrystal.techniques.pdf import Pdf
    from nanocrystal.techniques.powder import Powder, PowderBlank, Profile
    from nanocrystal.techniques.saxs import Saxs
    from nanocrystal.techniques.total_scattering import TotalScattering


TECHNIQUES = Kinds(
    __name__,
    {
        "pdf": "Pdf",
        "total-scattering": "TotalScattering",
        "powder": "Powder",
        "saxs": "Saxs",
        "composition": "Composition",
        "nmr-lines": "NmrLines",
        "nmr-relaxation": "NmrRelaxation",
        "nmr-sites": "NmrSites",
        "nmr-titration": "NmrTitration",
        "nmr-diffusion": "NmrDiffusion",
        "exafs": "Exafs",
    },
)
"""by the name that a study calls them"""

__all__ = [
    "TECHNIQUES",
    "Blank",
    "Composition",
    "DiffusionComponent",
    "Exafs",
    "ExafsPath",
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
]

__getattr__ = from_their_modules(__name__, __file__)
