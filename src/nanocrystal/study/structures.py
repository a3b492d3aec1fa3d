"""The bundled crystal structures as files of their own."""

from __future__ import annotations

from nanocrystal._version import __version__
from nanocrystal.report.texts.result import WrittenText
from nanocrystal.tables.library import library_name, library_text


def structure_file(name: str, where: str = "name") -> WrittenText:
    """Return a bundled structure as a CIF; raises InputError, at the place that names it, for an unknown one."""
    known = library_name(name, where)
    return WrittenText(title=known, version=__version__, name=f"{known}.cif", text=library_text(known))
