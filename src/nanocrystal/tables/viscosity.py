"""Viscosities of solvents at atmospheric pressure against temperature.

toluene: ln η* = −5.2203 + 8.964/T* − 5.834/T*² + 2.089/T*³, η* = η/554.2 µPa s, T* = T/298.15 K, 210 to 370 K:
F. J. V. Santos, C. A. Nieto de Castro, J. H. Dymond, N. K. Dalaouti, M. J. Assael & A. Nagashima, Standard reference
data for the viscosity of toluene, J. Phys. Chem. Ref. Data 35, 1 (2006); ±0.5 % from 260 K.

All others: CRC Handbook of Chemistry and Physics, "Viscosity of Liquids", mPa s at every 25 °C; between these ln η is
interpolated in 1/T, good to half a per cent where it can be tried (on toluene).

Deuterated solvents are not in the table: they are some per cent more viscous than others, by how much is not known to
us from a source that covers temperature.
"""

from __future__ import annotations

import numpy as np

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.tables.constants import ZERO_CELSIUS

CRC: dict[str, dict[float, float]] = {
    "acetone": {-25.0: 0.540, 0.0: 0.395, 25.0: 0.306, 50.0: 0.247},
    "benzene": {25.0: 0.604, 50.0: 0.436, 75.0: 0.335},
    "chloroform": {-25.0: 0.988, 0.0: 0.706, 25.0: 0.537, 50.0: 0.427},
    "cyclohexane": {25.0: 0.894, 50.0: 0.615, 75.0: 0.447},
    "dichloromethane": {-25.0: 0.727, 0.0: 0.533, 25.0: 0.413},
    "ethanol": {-25.0: 3.262, 0.0: 1.786, 25.0: 1.074, 50.0: 0.694, 75.0: 0.476},
    "hexane": {0.0: 0.405, 25.0: 0.300, 50.0: 0.240},
    "octane": {0.0: 0.700, 25.0: 0.508, 50.0: 0.385, 75.0: 0.302, 100.0: 0.243},
    "tetrahydrofuran": {-25.0: 0.849, 0.0: 0.605, 25.0: 0.456, 50.0: 0.359},
    "water": {0.0: 1.793, 25.0: 0.890, 50.0: 0.547, 75.0: 0.378, 100.0: 0.282},
}
"""solvent -> °C -> mPa s"""
TOLUENE = (-5.2203, 8.964, -5.834, 2.089)
TOLUENE_RANGE = (210.0, 370.0)
TOLUENE_AT_25 = 0.5542
SOURCES = {
    "toluene": "Santos et al., J. Phys. Chem. Ref. Data 35, 1 (2006)",
    **dict.fromkeys(CRC, "CRC Handbook of Chemistry and Physics, Viscosity of Liquids"),
}
"""solvent -> where its viscosity is from"""


def viscosity_mpa_s(solvent: str, temperature_k: float, where: str = "solvent") -> float:
    """Return the viscosity of a solvent.

    Parameters
    ----------
    solvent : str
        Its name, such as "toluene".
    temperature_k : float
        K, within the range of the table.
    where : str, optional
        What messages call the solvent.

    Returns
    -------
    float
        η in mPa s.

    Raises
    ------
    InputError
        For other solvents, and for temperatures outside of the table.

    References
    ----------
    F. J. V. Santos et al., J. Phys. Chem. Ref. Data 35, 1 (2006), for toluene; all others: CRC Handbook of Chemistry
    and Physics, "Viscosity of Liquids".
    """
    if solvent not in SOURCES:
        plain = solvent.partition("-d")[0]
        if plain in SOURCES and plain != solvent:
            raise InputError(
                where,
                f"the viscosity of {solvent} is not tabulated; give it in mPa s (it is some per cent above that "
                f"of {plain}).",
            )
        raise InputError(where, f"there is no viscosity of {solvent!r}; {nearest_names(solvent, SOURCES)}.")
    low, high = _range(solvent)
    if not low - 1e-9 <= temperature_k <= high + 1e-9:
        raise InputError(
            where, f"the viscosity of {solvent} is known from {low:g} to {high:g} K, not at {temperature_k:g} K."
        )
    if solvent == "toluene":
        inverse = 298.15 / temperature_k
        return float(TOLUENE_AT_25 * np.exp(np.polynomial.polynomial.polyval(inverse, TOLUENE)))
    celsius = np.array(sorted(CRC[solvent], reverse=True))
    logarithms = np.log([CRC[solvent][t] for t in celsius])
    return float(np.exp(np.interp(1.0 / temperature_k, 1.0 / (celsius + ZERO_CELSIUS), logarithms)))


def _range(solvent: str) -> tuple[float, float]:
    if solvent == "toluene":
        return TOLUENE_RANGE
    return min(CRC[solvent]) + ZERO_CELSIUS, max(CRC[solvent]) + ZERO_CELSIUS
