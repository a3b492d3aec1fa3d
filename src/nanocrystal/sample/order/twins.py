"""Coherent twin boundaries, antiphase boundaries and other planes across which a crystal is slipped.

A boundary maps the lattice of blocks onto itself and adds a group element, that of its slip, to the states of
all blocks beyond it. Where every plane of a family carries a boundary with probability p, independently of the
others, the relation of two blocks is known in closed form: with the characters χ of the group, each plane
between them multiplies χ by λ_χ = 1 − p + p ⟨χ(slip)⟩. For perovskites in Pbnm the slips ½⟨110⟩ and ½[001] of
{110} and (001) are the coherent nanotwins of CsPbX3 (Bertolotti et al., ACS Nano 11, 3819 (2017)).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares, ExactlyOne, Here, Meaning, Number, Parameter, Quantity, as_parameter
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.crystal.settings import pbnm_order
from nanocrystal.sample.order.blocks import BlockLattice

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TWINS = "twins"
"""where families of boundaries stand in a population"""
PROBABILITY = Quantity(
    "probability",
    "",
    "probability of a boundary at each plane of the family",
    None,
    0.0,
    0.5,
    scale=0.02,
    meaning=Meaning("boundary probability", "at each plane of the family, independent of the others"),
)
ORDERED = replace(PROBABILITY, maximum=1.0)
DENSITY = Quantity(
    "density",
    "1/nm",
    "boundaries of the family per nanometre across them",
    None,
    0.0,
    10.0,
    scale=0.03,
    meaning=Meaning("boundary density", "across one kind of planes of the family, mean over its kinds"),
)
EXAMPLE = '"1/2<110>{110}", "1/2[001]{110}" or "1/2<110>(001)"'
_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
_SLIP = re.compile(
    r"^\s*+(?P<part>\d{1,9}(?:/[1-9]\d{0,8})?)?\s*+(?P<slip>\[[^\]]*\]|<[^>]*>)\s*(?P<plane>\{[^}]*\}|\([^)]*\))\s*$"
)


@dataclass(frozen=True)
class TwinFamily(Declares):
    """A family of planes that may carry boundaries.

    The slip is for perovskites of space group 62 in the setting Pbnm, else in that of the crystal. With probabilities
    above ½ planes are more often twinned than not.
    """

    slip: Annotated[str, 'the slip and its planes, such as "1/2<110>{110}"; for perovskites in Pbnm']
    probability: Annotated[Number | None, PROBABILITY, "of a boundary at each plane, 0 to 0.5"] = None
    density: Annotated[Number | None, DENSITY, "boundaries per nm, instead of the probability"] = None
    ordered: Annotated[bool, "whether probabilities above 0.5 are meant"] = False
    one_per_crystal: Annotated[bool, "each crystal has one boundary, at any of its planes"] = False
    one_of: ClassVar[ExactlyOne] = ExactlyOne("probability", "density", "one_per_crystal")

    def __post_init__(self) -> None:
        stated = (self.probability is not None, self.density is not None, self.one_per_crystal)
        if sum(stated) != 1:
            raise InputError("probability", "or density or one_per_crystal must be given, exactly one of the three.")

    @property
    def varied(self) -> str | None:
        """The local name of the parameter, None where each crystal has one boundary."""
        if self.one_per_crystal:
            return None
        return "probability" if self.density is None else "density"

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        if self.one_per_crystal:
            return {}
        if self.density is not None:
            return {"density": (DENSITY, as_parameter(self.density))}
        assert self.probability is not None
        return {"probability": (ORDERED if self.ordered else PROBABILITY, as_parameter(self.probability))}

    def vectors_and_planes(self, crystal: Crystal, where: str) -> list[tuple[IntArray, FloatArray]]:
        """Return each plane hkl of the family with the slips in it, (n, 3) in fractions of the cell.

        Raises InputError for what cannot be read, or a slip that lies in none of the planes.
        """
        vector, plane, many_vectors, many_planes = _parsed(self.slip, f"{where}.slip")
        order = pbnm_order(crystal.structure)
        if order is not None:
            vector, plane = (np.array([x[order.index(k)] for k in range(3)]) for x in (vector, plane))
        turns = crystal.structure.rotations
        vectors = _distinct(turns @ vector) if many_vectors else vector[None, :]
        planes = _distinct(plane @ turns) if many_planes else plane[None, :]
        coherent = []
        for hkl in planes:
            inside = vectors[np.abs(vectors @ hkl) < 1e-6]
            if len(inside):
                coherent.append((np.rint(hkl).astype(np.int64), inside))
        if not coherent:
            raise InputError(
                f"{where}.slip", f"{self.slip!r}: the slip does not lie in the plane, so the boundary is not coherent."
            )
        return coherent

    def slips(self, crystal: Crystal, where: str) -> FloatArray:
        """Return all slips of the family, (n, 3) in fractions of the cell."""
        return np.concatenate([v for _, v in self.vectors_and_planes(crystal, where)])

    def boundaries(self, crystal: Crystal, blocks: BlockLattice, where: str) -> TwinBoundaries:
        """Return the family on the blocks of the crystal.

        Raises InputError where its planes are no faces of the blocks, or its slips leave the crystal as it is.
        """
        axes: dict[int, set[int]] = {}
        for hkl, slips in self.vectors_and_planes(crystal, where):
            along = np.abs(blocks.matrix @ hkl)
            crossed = np.flatnonzero(along > 1e-6)
            if len(crossed) != 1:
                name = "".join(str(i) for i in hkl)
                raise InputError(
                    f"{where}.slip",
                    f"{self.slip!r}: the plane ({name}) cuts through blocks; boundaries run along the faces of the "
                    f"blocks that the crystal is made of, such as {EXAMPLE} in perovskites.",
                )
            elements = {int(g) for g in blocks.state_of(slips)} | {int(g) for g in blocks.state_of(-slips)}
            axes.setdefault(int(crossed[0]), set()).update(elements)
        if all(e == {0} for e in axes.values()):
            raise InputError(
                f"{where}.slip",
                f"{self.slip!r} carries {crystal.formula} ({crystal.structure.space_group}) onto itself, so that there "
                "is no boundary; take a structure of lower symmetry, or leave the family out.",
            )
        return TwinBoundaries(self, blocks, tuple((k, tuple(sorted(e))) for k, e in sorted(axes.items())))


@dataclass(frozen=True)
class TwinBoundaries:
    """A family on the blocks of a crystal: the block axes that cross its planes, each with its group elements."""

    family: TwinFamily
    blocks: BlockLattice
    axes: tuple[tuple[int, tuple[int, ...]], ...]

    @property
    def varied(self) -> str | None:
        return self.family.varied

    def at(self, here: Here) -> BoundariesNow:
        """Return the family as of now; here: its place in the population."""
        return BoundariesNow(self, here[self.varied] if self.varied is not None else np.nan)

    def highest_density(self, vectors: FloatArray) -> float:
        """Return the density, 1/nm, at which every second plane carries a boundary (every plane, if `ordered`)."""
        return (10.0 if self.family.ordered else 5.0) / max(self.spacings(vectors))

    def spacings(self, vectors: FloatArray) -> list[float]:
        """Return the distance of neighbouring planes across each of its axes, Å."""
        return [float(1.0 / np.linalg.norm(np.linalg.inv(vectors)[:, k])) for k, _ in self.axes]

    @cached_property
    def turned(self) -> list[FloatArray]:
        """1 − ⟨χ(slip)⟩ for each of its axes, (n_characters,)."""
        return [1.0 - self.blocks.characters[:, list(elements)].real.mean(axis=1) for _, elements in self.axes]

    def decay_of_one(self, offsets: FloatArray, crossing: Callable[[int, FloatArray], FloatArray]) -> FloatArray:
        """Return the mean of χ where each crystal has one boundary, across any of the axes, (n_characters, n)."""
        decrements = [t[:, None] * crossing(axis, offsets) for (axis, _), t in zip(self.axes, self.turned, strict=True)]
        return np.asarray(1.0 - np.mean(decrements, axis=0))


@dataclass(frozen=True, eq=False)
class BoundariesNow:
    """A family of boundaries as of now; amount: its probability, or its density in 1/nm."""

    family: TwinBoundaries
    amount: float

    def probabilities(self, vectors: FloatArray) -> list[float]:
        """Return the probability of a boundary at each plane across each of its axes; vectors: block vectors, Å."""
        if self.family.varied == "probability":
            return [self.amount] * len(self.family.axes)
        return [min(0.1 * self.amount * spacing, 1.0) for spacing in self.family.spacings(vectors)]

    def _factors(self, vectors: FloatArray) -> list[FloatArray]:
        """Return λ_χ for each of its axes, (n_characters,)."""
        turns = zip(self.probabilities(vectors), self.family.turned, strict=True)
        return [1.0 - p * turned for p, turned in turns]

    def decay(self, offsets: FloatArray, vectors: FloatArray) -> FloatArray:
        """Return the mean of χ over the boundaries between two blocks at offsets (n, 3), (n_characters, n)."""
        kept = np.ones((len(self.family.blocks.characters), len(offsets)))
        for (axis, _), factor in zip(self.family.axes, self._factors(vectors), strict=True):
            kept = kept * _power(factor, np.abs(offsets[:, axis]))
        return kept

    def decay_slope(self, offsets: FloatArray, vectors: FloatArray) -> FloatArray:
        """Return the derivative of `decay` by the parameter of the family."""
        family, factors = self.family, self._factors(vectors)
        powers = [_power(f, np.abs(offsets[:, k])) for (k, _), f in zip(family.axes, factors, strict=True)]
        rates = [1.0 if family.varied == "probability" else 0.1 * spacing for spacing in family.spacings(vectors)]
        total = np.zeros_like(powers[0])
        for n, (axis, _) in enumerate(family.axes):
            planes = np.abs(offsets[:, axis])
            one_less = _power(factors[n], np.maximum(planes - 1.0, 0.0))
            change = -rates[n] * family.turned[n][:, None] * planes * one_less
            total += np.prod([change, *(p for m, p in enumerate(powers) if m != n)], axis=0)
        return total


def _power(factor: FloatArray, planes: FloatArray) -> FloatArray:
    """Return factor^planes, (n_characters, n_offsets); 0⁰ is 1."""
    table = factor[:, None] ** np.arange(float(planes.max()) + 1.0 if len(planes) else 1.0)[None, :]
    return np.asarray(table[:, planes.astype(np.int64)])


def _parsed(text: str, where: str) -> tuple[FloatArray, FloatArray, bool, bool]:
    """Return slip vector and plane, and whether each stands for all equivalent ones."""
    plain = text.replace("⟨", "<").replace("⟩", ">").replace("−", "-")
    for sign, words in _FRACTIONS.items():
        plain = plain.replace(sign, words)
    match = _SLIP.match(plain)
    vector = _indices(match["slip"]) if match else None
    plane = _indices(match["plane"]) if match else None
    if match is None or vector is None or plane is None:
        raise InputError(where, f"must be a slip and its plane, such as {EXAMPLE}; got {text!r}.")
    part = float(Fraction(match["part"])) if match["part"] else 1.0
    if not vector.any() or not plane.any() or part == 0.0:
        raise InputError(where, f"needs a slip and a plane that are not zero; got {text!r}.")
    return part * vector, plane, match["slip"].startswith("<"), match["plane"].startswith("{")


def _indices(bracketed: str) -> FloatArray | None:
    """Return the three indices in brackets: "110", "1-10", "1 -1 0" or "1,-1,0"; None if they are not three."""
    inner = bracketed[1:-1]
    numbers = re.findall(r"-?\d+", inner) if re.search(r"[\s,]", inner.strip()) else re.findall(r"-?\d", inner)
    rest = re.sub(r"[-\d\s,]", "", inner)
    return np.array([float(i) for i in numbers]) if len(numbers) == 3 and not rest else None


def _distinct(rows: FloatArray) -> FloatArray:
    """Return the rows that differ by more than their sign."""
    rounded = np.round(rows, 6) + 0.0
    kept: list[FloatArray] = []
    for row in rounded:
        if not any(np.allclose(row, k) or np.allclose(row, -k) for k in kept):
            kept.append(row)
    return np.array(kept)
