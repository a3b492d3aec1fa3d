"""Readers of powder patterns as other programs and instruments write them; `FORMATS` lists them."""

from nanocrystal.data.powder.bruker_brml import BRML
from nanocrystal.data.powder.bruker_raw import BRUKER_RAW
from nanocrystal.data.powder.gsas import GSAS
from nanocrystal.data.powder.gsas_ii import GSAS_II
from nanocrystal.data.powder.pdcif import PDCIF
from nanocrystal.data.powder.rigaku import RAS, RASX
from nanocrystal.data.powder.unread import UNREAD
from nanocrystal.data.powder.uxd import UXD
from nanocrystal.data.powder.xrdml import XRDML

FORMATS = (XRDML, BRUKER_RAW, BRML, UXD, RAS, RASX, GSAS, GSAS_II, PDCIF, UNREAD)
"""in the order in which a file is asked for"""

__all__ = ["FORMATS"]
