"""Incoherent (Compton) scattering of free atoms: H. H. M. Balyuzi, Acta Cryst. A31, 600 (1975).

S(s) = Z − Σ a_k exp(−b_k s²), s = sin θ/λ = Q/4π, fitted to the calculations of Cromer & Mann (1967) and Cromer
(1969) for s up to 1.5 Å⁻¹; beyond, it goes on to its limit Z. The table is written by tools/make_incoherent.py,
which names the misprints that it corrects. Hydrogen has one electron, for which S = 1 − f0² is exact.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.tables.elements import atomic_number
from nanocrystal.tables.form_factors import form_factor

FloatArray = NDArray[np.float64]


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[float, ...]]:
    with (files("nanocrystal.tables") / "balyuzi.csv").open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1:]
    return {row[0]: tuple(float(v) for v in row[1:]) for row in rows}


def incoherent_function(element: str, q: FloatArray) -> FloatArray:
    """Return the incoherent scattering function S(Q) of a neutral atom.

    Parameters
    ----------
    element : str
        Its symbol.
    q : array (n_q,)
        Å⁻¹.

    Returns
    -------
    array (n_q,)
        Electron units, from 0 to Z, without the recoil (Breit–Dirac) factor.

    Raises
    ------
    InputError
        For an element that is not tabulated.

    References
    ----------
    H. H. M. Balyuzi, Acta Cryst. A31, 600 (1975).
    """
    if element in ("H", "D"):
        return np.asarray(1.0 - form_factor("H", q) ** 2)
    table = _table()
    if element not in table:
        raise InputError(
            "", f"there is no incoherent scattering function of {element!r}; {nearest_names(element, table)}"
        )
    a, b = table[element][:5], table[element][5:]
    s2 = (q / (4.0 * np.pi)) ** 2
    electrons = sum(x * np.exp(-y * s2) for x, y in zip(a, b, strict=True))
    return np.asarray(np.maximum(atomic_number(element) - electrons, 0.0))
