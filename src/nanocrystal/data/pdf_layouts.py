"""What the layout of a table of r and G(r) says of the G(r) that is meant.

RMCProfile and STOG write the number of points, a title and two columns; their G(r), D(r) and T(r) are other functions
than the G(r) = 4πr [ρ(r) − ρ₀] of PDFgetX3, PDFgetN, GSAS-II and PDFgui (D. A. Keen, J. Appl. Cryst. 34, 172 (2001)).
"""

from __future__ import annotations

from nanocrystal.data.table import Table

OF_RMC = (
    "the file is laid out as RMCProfile and STOG write theirs (number of points, title), whose own G(r), D(r) and T(r) "
    "are other functions; it is taken as G(r) = 4πr [ρ(r) − ρ₀] in Å⁻²"
)


def remarks_on_layout(table: Table) -> tuple[str, ...]:
    """Return a remark on a table of G(r) that another program than those of PDFs seems to have written."""
    head = [line.strip() for line in table.header if line.strip()]
    counted = bool(head) and head[0].isascii() and head[0].isdigit() and len(head[0]) < 9
    return (OF_RMC,) if counted and len(head) == 2 and int(head[0]) == len(table.lines) else ()
