"""The data of a picture of atoms: colours of Jmol, covalent radii, positions; the page's script draws it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from nanocrystal.report.refined.result import AtomPicture

_JMOL = (
    "H FFFFFF He D9FFFF Li CC80FF Be C2FF00 B FFB5B5 C 909090 N 3050F8 O FF0D0D F 90E050 Ne B3E3F5 Na AB5CF2 "
    "Mg 8AFF00 Al BFA6A6 Si F0C8A0 P FF8000 S FFFF30 Cl 1FF01F Ar 80D1E3 K 8F40D4 Ca 3DFF00 Sc E6E6E6 Ti BFC2C7 "
    "V A6A6AB Cr 8A99C7 Mn 9C7AC7 Fe E06633 Co F090A0 Ni 50D050 Cu C88033 Zn 7D80B0 Ga C28F8F Ge 668F8F As BD80E3 "
    "Se FFA100 Br A62929 Kr 5CB8D1 Rb 702EB0 Sr 00FF00 Y 94FFFF Zr 94E0E0 Nb 73C2C9 Mo 54B5B5 Tc 3B9E9E Ru 248F8F "
    "Rh 0A7D8C Pd 006985 Ag C0C0C0 Cd FFD98F In A67573 Sn 668080 Sb 9E63B5 Te D47A00 I 940094 Xe 429EB0 Cs 57178F "
    "Ba 00C900 La 70D4FF Ce FFFFC7 Pr D9FFC7 Nd C7FFC7 Pm A3FFC7 Sm 8FFFC7 Eu 61FFC7 Gd 45FFC7 Tb 30FFC7 Dy 1FFFC7 "
    "Ho 00FF9C Er 00E675 Tm 00D452 Yb 00BF38 Lu 00AB24 Hf 4DC2FF Ta 4DA6FF W 2194D6 Re 267DAB Os 266696 Ir 175487 "
    "Pt D0D0E0 Au FFD123 Hg B8B8D0 Tl A6544D Pb 575961 Bi 9E4FB5 Po AB5C00 At 754F45 Rn 428296 Fr 420066 Ra 007D00 "
    "Ac 70ABFA Th 00BAFF Pa 00A1FF U 008FFF Np 0080FF Pu 006BFF Am 545CF2 Cm 785CE3"
)
COLORS = {symbol: f"#{code}" for symbol, code in re.findall(r"(\w+) (\w{6})", _JMOL)}
"""element -> colour, as Jmol draws it (jmol.sourceforge.net/jscolors)"""
OTHER = "#B0B0B0"
HUES = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#6A3D9A",
    "#8C564B",
    "#999933",
    "#44AA99",
    "#882255",
)
"""of domains, told apart by the colour-blind too (first the ones of Okabe & Ito, jfly.uni-koeln.de/color)"""
PALE_STEP, MOST_PALE = 0.3, 0.6
"""white that is mixed into the hue of a domain for each further element, from the heaviest on"""
LARGE_FROM = 3000
"""of so many atoms often only the surface is there, which closes only with large atoms; domains show so, too"""


def atoms_data(picture: AtomPicture) -> dict[str, Any]:
    """Return elements with colour, radius (Å) and number, and of each atom its element and place (0.01 Å).

    Where there are domains: their names and hues, and the domain of each atom; outlines: rims of boundaries, 0.01 Å.
    """
    import gemmi

    elements = list(dict.fromkeys(picture.elements))
    index = {e: k for k, e in enumerate(elements)}
    heaviest = sorted(elements, key=lambda e: -gemmi.Element(e).atomic_number)
    return {
        "elements": [
            {
                "symbol": e,
                "color": COLORS.get(e, OTHER),
                "radius": round(float(gemmi.Element(e).covalent_r), 2),
                "count": picture.elements.count(e),
                "pale": min(PALE_STEP * heaviest.index(e), MOST_PALE),
            }
            for e in elements
        ],
        "large": len(picture.elements) > LARGE_FROM or bool(picture.domain_names),
        "kinds": [index[e] for e in picture.elements],
        "positions": _rounded(picture.positions),
        "domains": list(picture.domains),
        "domain_names": [{"name": name, "color": HUES[k % len(HUES)]} for k, name in enumerate(picture.domain_names)],
        "outlines": [_rounded(rim) for rim in picture.outlines],
    }


def _rounded(places: Any) -> list[float]:
    return [float(x) for x in np.round(np.asarray(places, dtype=float), 2).ravel()]
