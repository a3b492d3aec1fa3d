"""Measured data in projects of PDFgui (.ddp, .ddp3): the text that PDFgui keeps of each data set.

A project is a zip archive; PROJECT/FIT/dataset/NAME/obs is a table of r and G with a head of qmax, qdamp, radiation and
temperature, names as in a web address (`+` for a blank): `fitdataset.py`, `pdfdataset.py` of diffpy.pdfgui
(https://github.com/diffpy/diffpy.pdfgui), version 3. What else it holds is pickled and is never loaded.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote_plus

from nanocrystal.data.archive import Archive
from nanocrystal.data.formats import RawFile

SUFFIXES = (".ddp", ".ddp3")
DEPTH = 5
"""parts of the path of a text"""


def data_of_project(file: RawFile) -> RawFile:
    """Return the text of the data set that `entry` means, FIT/NAME, as a file; raises InputError for none."""
    archive = Archive(file)
    names = {}
    for name in archive.names:
        parts = name.split("/")
        if len(parts) == DEPTH and parts[2] == "dataset" and parts[4] == "obs":
            names["/".join(unquote_plus(p) for p in (parts[1], parts[3]))] = name
    if not names:
        raise file.error("holds no measured data; is it a project of PDFgui?")
    chosen = list(names)[file.chosen(list(names), "data sets")]
    content = archive.content(names[chosen])
    return replace(file, content=content, address=f"{file.address} ({chosen})", entry=None)
