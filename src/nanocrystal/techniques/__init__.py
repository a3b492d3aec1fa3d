"""The techniques, by the name that a study calls them."""

from __future__ import annotations

from typing import Any

from nanocrystal.measurement import Blank
from nanocrystal.techniques.composition import Composition
from nanocrystal.techniques.nmr import (
    DiffusionComponent,
    Line,
    NmrDiffusion,
    NmrLines,
    NmrRelaxation,
    NmrSites,
    NmrTitration,
    RelaxationPart,
    TitrationStep,
)
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
