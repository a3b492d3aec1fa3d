"""Nuclear magnetic resonance in solution and solids: lines of a spectrum, relaxation."""

from nanocrystal.techniques.nmr.lines import Line, NmrLines
from nanocrystal.techniques.nmr.relaxation import NmrRelaxation, RelaxationPart
from nanocrystal.techniques.nmr.sites import NmrSites

__all__ = ["Line", "NmrLines", "NmrRelaxation", "NmrSites", "RelaxationPart"]
