"""Nuclear magnetic resonance in solution and solids: lines of a spectrum, relaxation, titrations, diffusion."""

from nanocrystal.techniques.nmr.diffusion import NmrDiffusion
from nanocrystal.techniques.nmr.diffusion_size import DiffusionComponent
from nanocrystal.techniques.nmr.lines import Line, NmrLines
from nanocrystal.techniques.nmr.relaxation import NmrRelaxation, RelaxationPart
from nanocrystal.techniques.nmr.sites import NmrSites
from nanocrystal.techniques.nmr.titration import NmrTitration, TitrationStep

__all__ = [
    "DiffusionComponent",
    "Line",
    "NmrDiffusion",
    "NmrLines",
    "NmrRelaxation",
    "NmrSites",
    "NmrTitration",
    "RelaxationPart",
    "TitrationStep",
]
