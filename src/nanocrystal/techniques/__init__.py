"""The techniques, by the name that a study calls them."""

from __future__ import annotations

from typing import Any

from nanocrystal.measurement import Blank
from nanocrystal.measurement.nmr.lines import Line
from nanocrystal.techniques.composition import Composition
from nanocrystal.techniques.nmr_diffusion import DiffusionComponent, NmrDiffusion
from nanocrystal.techniques.nmr_lines import NmrLines
from nanocrystal.techniques.nmr_relaxation import NmrRelaxation, RelaxationPart
from nanocrystal.techniques.nmr_sites import NmrSites
from nanocrystal.techniques.nmr_titration import NmrTitration, TitrationStep
from nanocrystal.techniques.pdf import Pdf
from nanocrystal.techniques.powder import Powder, PowderBlank, Profile
from nanocrystal.techniques.saxs import Saxs
from nanocrystal.techniques.total_scattering import TotalScattering

TECHNIQUES: dict[str, Any] = {
    technique.name: technique
    for technique in (
        Pdf,
        TotalScattering,
        Powder,
        Saxs,
        Composition,
        NmrLines,
        NmrRelaxation,
        NmrSites,
        NmrTitration,
        NmrDiffusion,
    )
}

__all__ = [
    "TECHNIQUES",
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
]
