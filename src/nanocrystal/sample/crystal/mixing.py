"""Sites that two elements share, such as the halides of CsPb(Br,Cl)3: at random, clustered, or by depth.

Random mixing is exact in the mean: pairs see the mean amplitude of each site, and the self terms keep
the monotonic (Laue) scattering Σ c |f|² − |Σ c f|². Like neighbours that prefer each other have the joint
probability c_i c_j ± x (1 − x) exp(−r/ξ) (Cowley, Phys. Rev. 77, 669 (1950), with an exponential order
parameter). The first-shell distance to the atom that holds the site, such as Pb–Cl and Pb–Br, may differ while
the mean stays that of the crystal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Declares, Meaning, Number, Parameter, Quantity, as_parameter
from nanocrystal.parameters.meaning import INSIDE
from nanocrystal.tables.elements import is_element

FRACTION = Quantity(
    "fraction",
    "",
    "part of the site that the second element has",
    None,
    0.0,
    1.0,
    scale=0.1,
    meaning=Meaning("site fraction", "of the second element").more(INSIDE),
)
CORRELATION_LENGTH = Quantity(
    "correlation_length",
    "Å",
    "over which the elements of a site cluster; 0: mixed at random",
    0.0,
    0.0,
    1000.0,
    scale=10.0,
    meaning=Meaning("clustering length", "ξ of the joint probability c_i c_j ± x (1 − x) exp(−r/ξ)"),
)
BOND_DIFFERENCE = Quantity(
    "bond_difference",
    "Å",
    "by how much the nearest neighbours of the first element are farther away than those of the second",
    0.0,
    -1.0,
    1.0,
    scale=0.05,
    meaning=Meaning("distance difference", "from the nearest atoms of other sites, first element less second"),
)


@dataclass(frozen=True)
class Substitution(Declares):
    """A second element on the sites of an element, or on one site."""

    element: Annotated[str, "the second element, such as Cl"]
    fraction: Annotated[Number, FRACTION, "its part of the sites, 0 to 1"]
    correlation_length: Annotated[
        Number, CORRELATION_LENGTH, "Å, over which like elements cluster [0: mixed at random]"
    ] = 0.0
    bond_difference: Annotated[
        Number, BOND_DIFFERENCE, "Å, by how much nearest neighbours of the first element are farther away [0]"
    ] = 0.0

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        return {
            "fraction": (FRACTION.more(self.element), as_parameter(self.fraction)),
            "correlation_length": (CORRELATION_LENGTH.more(self.element), as_parameter(self.correlation_length)),
            "bond_difference": (BOND_DIFFERENCE.more(self.element), as_parameter(self.bond_difference)),
        }

    def check(self, where: str, host: str) -> None:
        """Raise InputError where the second element is none, or the same as the first."""
        if not is_element(self.element):
            raise InputError(f"{where}.element", f"{self.element!r} is not the symbol of an element, such as Cl.")
        if self.element == host:
            raise InputError(f"{where}.element", f"is {host}, which has the site already; give the other element.")


class Occupant(NamedTuple):
    """An element on a site: its occupancy and displacement (Å²)."""

    element: str
    occupancy: float
    u_iso: float


def substituted_sites(keys: list[str], labels: list[str], elements: list[str], where: str) -> dict[str, str]:
    """Return site label -> key of its substitution, a label before an element; raises InputError for other keys."""
    for key in keys:
        if key not in labels and key not in elements:
            raise InputError(
                f"{where}.substitution.{key}",
                f"is no site and no element of the crystal; {nearest_names(key, {*labels, *elements})}",
            )
    key_of_site = {}
    for label, element in zip(labels, elements, strict=True):
        matching = [k for k in (label, element) if k in keys]
        if matching:
            key_of_site[label] = matching[0]
    for key in keys:
        if key not in key_of_site.values():
            raise InputError(f"{where}.substitution.{key}", "has no effect: each of its sites has an entry of its own.")
    return key_of_site
