"""A crystal: cell and sites that symmetry ties, with their displacements and occupancies."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import (
    NO_KEY,
    Beside,
    Claim,
    Declares,
    Here,
    Key,
    Label,
    Meaning,
    Number,
    Parameter,
    Quantity,
    Values,
    as_parameter,
    declared_quantities,
)
from nanocrystal.parameters.meaning import INSIDE, NO_SIZE_LAW
from nanocrystal.sample.crystal.cif import CifStructure
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.crystal.mixing import Substitution, substituted_sites
from nanocrystal.sample.crystal.structure_files import LIBRARY, StructureFile, read_structure
from nanocrystal.sample.crystal.symmetry import (
    CELL_NAMES,
    CellFreedom,
    SiteOrbit,
    cell_freedom,
    cell_vectors,
    metric_misfit,
    site_orbits,
)
from nanocrystal.tables.elements import is_element

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

U_ISO = Quantity(
    "u_iso",
    "Å²",
    "mean-square displacement along one axis",
    minimum=0.0,
    maximum=1.0,
    scale=0.005,
    start_factors=(1.0 / 3.0, 3.0),
    meaning=Meaning(
        "mean-square displacement", "of an atom from its mean place, along one axis, alike in all directions"
    ).more(NO_SIZE_LAW),
    claim=Claim("that of the file of the crystal", times=1.33),
)
OCCUPANCY = Quantity(
    "occupancy",
    "",
    "part of the places of the site that is filled",
    1.0,
    0.0,
    1.0,
    scale=0.1,
    meaning=Meaning("occupancy", "of a site, by all its elements together").more(INSIDE, NO_SIZE_LAW),
    claim=Claim("as many places are filled as the file says", times=0.95),
)
DELTA1 = Quantity(
    "delta1",
    "Å",
    "correlated motion, high-temperature form 1/r",
    0.0,
    0.0,
    10.0,
    scale=1.0,
    start_anywhere=True,
    meaning=Meaning("linear correlated motion", "of all pairs of atoms alike"),
)
DELTA2 = Quantity(
    "delta2",
    "Å²",
    "correlated motion, low-temperature form 1/r²",
    0.0,
    0.0,
    50.0,
    scale=1.0,
    start_anywhere=True,
    meaning=Meaning("quadratic correlated motion", "of all pairs of atoms alike"),
)
FEW_SITES = 8
"""whose pairs are summed apart: less is rounded, and it costs no time yet"""
EXCLUSIVE_DISTANCE = 1.2
"""Å; two partly filled places closer than this exclude each other"""


def _cell_quantity(index: int) -> Quantity:
    name = CELL_NAMES[index]
    kind, unit, low, high = ("cell length", "Å", 0.5, 1000.0) if index < 3 else ("cell angle", "°", 20.0, 160.0)
    return Quantity(
        name,
        unit,
        f"{kind} {name}",
        minimum=low,
        maximum=high,
        scale=1.0 if index < 3 else 10.0,
        start_spread=0.01 if index < 3 else 0.005,
        meaning=Meaning(kind, f"{name} in the setting of the structure").more(NO_SIZE_LAW),
        claim=Claim("the cell of the file", times=1.001, either_way=True) if index < 3 else None,
    )


def coordinate_quantity(name: str, site: str) -> Quantity:
    """Return the declaration of a fractional coordinate of a site."""
    return Quantity(
        name,
        "",
        f"fractional coordinate {name} of {site}",
        scale=0.1,
        start_spread=0.02,
        meaning=Meaning("fractional coordinate", f"{name} in the setting of the structure").more(site),
    )


def _of_file(value: float) -> Parameter:
    """Return a number of the structure file, which no one stated."""
    return Parameter(float(value), left_out=True)


def _name_of(file: Any) -> str:
    """Return what a crystal is called after its file, or its name in the library, as a study can say it."""
    source = str(file)
    stem = source.removeprefix(LIBRARY) if source.startswith(LIBRARY) else Path(source).stem
    name = re.sub(r"\W", "_", stem)
    return f"_{name}" if name[:1].isdigit() or not name else name


def _named(crystal: Crystal) -> dict[str, str]:
    structure = crystal.structure
    if structure.source.startswith(LIBRARY):
        return {"library": structure.source.removeprefix(LIBRARY)}
    said = {"block": structure.block, "setting": structure.setting}
    return {"cif": structure.source} | {k: v for k, v in said.items() if v}


@dataclass(frozen=True)
class Cell:
    """The parameters of a cell; a crystal has those that symmetry leaves independent."""

    a: Annotated[Number | None, _cell_quantity(0), "Å; b and c follow where symmetry says so"] = None
    b: Annotated[Number | None, _cell_quantity(1), "Å; only where symmetry leaves it free"] = None
    c: Annotated[Number | None, _cell_quantity(2), "Å; only where symmetry leaves it free"] = None
    alpha: Annotated[Number | None, _cell_quantity(3), "°; only where symmetry leaves it free"] = None
    beta: Annotated[Number | None, _cell_quantity(4), "°; only where symmetry leaves it free"] = None
    gamma: Annotated[Number | None, _cell_quantity(5), "°; only where symmetry leaves it free"] = None


@dataclass(frozen=True)
class Motion:
    """Correlated motion, σ_ij² = (u_i + u_j)(1 − delta1/r − delta2/r²).

    Jeong et al., Phys. Rev. B 67, 104301 (2003).
    """

    delta1: Annotated[Number | None, DELTA1] = None
    delta2: Annotated[Number | None, DELTA2] = None


MOTION = declared_quantities(Motion)


@dataclass(frozen=True)
class SiteOverride(Declares):
    """One site of a crystal: coordinates that symmetry leaves free, and the occupancy."""

    x: Annotated[Number | None, "fractional coordinate, where symmetry leaves it free"] = None
    y: Annotated[Number | None, "as x"] = None
    z: Annotated[Number | None, "as x"] = None
    occupancy: Annotated[Number | None, OCCUPANCY, "part of the places that is filled, 0 to 1"] = None


@dataclass(frozen=True)
class Site:
    """One site of the asymmetric unit with its orbit. `u_iso_key`: the key of its displacement in `Crystal.u_iso`."""

    label: str
    element: str
    orbit: SiteOrbit
    u_iso_key: str

    @property
    def multiplicity(self) -> int:
        return len(self.orbit.images)


class CellKeys(TypedDict, total=False):
    """What a crystal takes by name: the independent parameters of its cell, the motion of its atoms, its sites."""

    a: Number
    b: Number
    c: Number
    alpha: Number
    beta: Number
    gamma: Number
    delta1: Number
    delta2: Number
    sites: Mapping[str, SiteOverride]


class CrystalKeys(CellKeys, total=False):
    """Beside these, what results call a crystal, what reports call the file, and what is read of the file."""

    name: str
    source: str | None
    block: str
    setting: str


@dataclass(frozen=True, init=False)
class Crystal(Declares):
    """A crystal: a structure file or a structure of the library, with what shall differ from it or be refined.

        Crystal("Pt.cif", name="pt", a=vary(3.92), u_iso={"Pt": vary(0.009)})
        Crystal("library:CsPbBr3-gamma", name="perovskite", u_iso={"Cs": 0.1, "Pb": 0.02, "Br": 0.04})

    The independent parameters of the cell (a, b, c, Å; alpha, beta, gamma, °), its sites, and the correlated motion of
    its atoms (delta1, delta2) may be given by name, as in a study.

    Parameters
    ----------
    structure : str, Path or CifStructure
        A CIF or another structure file, "library:NAME", or what was read from one.
    cell : mapping of str to number
        Parameters of the cell, whole.
    u_iso : mapping of str to number
        Å², by site label, or else by element.
    site_overrides : mapping of str to SiteOverride
        Coordinates and occupancies by site label; `sites` for short.
    motion : mapping of str to number
        Correlated motion, whole.
    where : str
        What messages call the crystal [crystals.NAME].
    substitutions : mapping of str to Substitution
        Second elements, by element or site label.
    name : str
        What results call it [as its file].
    source : str
        What reports and messages call the file [its path].
    block : str
        The data block of the CIF [the first with a structure].
    setting : str
        The space group with its axes and origin, such as "F d -3 m :1" [as the CIF says].

    Raises
    ------
    InputError
        For a file that is missing or unusable, and for names that it does not have.
    """

    structure: Annotated[CifStructure, Beside(StructureFile, _named)]
    cell: Annotated[Mapping[str, Number], Beside(Cell)] = field(default_factory=dict)
    u_iso: Annotated[
        Mapping[Label, Number],
        U_ISO,
        "Å², by site label or element; sites not named keep the value of the file",
    ] = field(default_factory=dict)
    site_overrides: Annotated[
        Mapping[Label, SiteOverride],
        Key("sites"),
        "coordinates and occupancies by site label: [crystals.NAME.sites.LABEL]",
    ] = field(default_factory=dict)
    motion: Annotated[Mapping[str, Number], Beside(Motion)] = field(default_factory=dict)
    where: Annotated[str, NO_KEY] = "crystal"
    substitutions: Annotated[
        Mapping[Label, Substitution],
        Key("substitution"),
        "second elements: [crystals.NAME.substitution.ELEMENT], or by site label",
    ] = field(default_factory=dict)
    name: Annotated[str, NO_KEY] = ""

    def __init__(
        self,
        structure: CifStructure | str | Path,
        cell: Mapping[str, Number] | None = None,
        u_iso: Mapping[str, Number] | None = None,
        site_overrides: Mapping[str, SiteOverride] | None = None,
        motion: Mapping[str, Number] | None = None,
        where: str = "",
        substitutions: Mapping[str, Substitution] | None = None,
        **more: Unpack[CrystalKeys],
    ) -> None:
        keys: dict[str, Any] = dict(more)
        name, source, sites = (keys.pop(k, None) for k in ("name", "source", "sites"))
        read = {k: keys.pop(k, "") for k in ("block", "setting")}
        if isinstance(structure, CifStructure):
            where = where or (f"crystals.{name}" if name else "crystal")
        else:
            where = where or f"crystals.{name or _name_of(structure)}"
            structure = read_structure(structure, where, source, **read)
        made = {
            "structure": structure,
            "cell": {**(cell or {}), **{k: v for k, v in keys.items() if k not in MOTION}},
            "u_iso": u_iso or {},
            "site_overrides": {**(site_overrides or {}), **(sites or {})},
            "motion": {**(motion or {}), **{k: v for k, v in keys.items() if k in MOTION}},
            "where": where,
            "substitutions": substitutions or {},
            "name": name or _name_of(structure.source),
        }
        for key, value in made.items():
            object.__setattr__(self, key, value)
        self.__post_init__()

    @classmethod
    def from_cif(
        cls,
        path: str | Path,
        *,
        u_iso: Mapping[str, Number] | None = None,
        motion: Mapping[str, Number] | None = None,
        substitutions: Mapping[str, Substitution] | None = None,
        where: str = "crystal",
        **more: Unpack[CrystalKeys],
    ) -> Crystal:
        """Read a crystal from a CIF: `Crystal.from_cif("Pt.cif", a=vary(3.92), u_iso={"Pt": 0.009})`.

        Raises InputError for a file that is missing or unusable, and for names that it does not have.
        """
        return cls(path, u_iso=u_iso, motion=motion, where=where, substitutions=substitutions, **more)

    @classmethod
    def from_library(
        cls,
        name: str,
        *,
        u_iso: Mapping[str, Number] | None = None,
        motion: Mapping[str, Number] | None = None,
        substitutions: Mapping[str, Substitution] | None = None,
        where: str = "crystal",
        **more: Unpack[CellKeys],
    ) -> Crystal:
        """Return a bundled crystal: `Crystal.from_library("CsPbBr3-gamma", u_iso={"Cs": 0.1, ...})`.

        Raises InputError for an unknown name; most entries have no displacements, so that u_iso is needed.
        """
        source = f"{LIBRARY}{name}"
        return cls(source, u_iso=u_iso, motion=motion, where=where, substitutions=substitutions, **more)

    def called(self, name: str, where: str = "") -> Crystal:
        """Return the crystal under the name that a sample gives it, itself where it has that; where: in messages."""
        where = where or self.where
        return self if (self.name, self.where) == (name, where) else replace(self, name=name, where=where)

    def __post_init__(self) -> None:
        misfit = metric_misfit(self.structure.cell, self.structure.rotations)
        if misfit > 2e-3:
            shown = ", ".join(f"{v:g}" for v in self.structure.cell)
            raise InputError(
                self.structure.source,
                f"the cell ({shown}) and the symmetry {self.structure.space_group!r} disagree; "
                "correct the cell or the symmetry operations.",
            )
        self._check_names()
        for label, key in self._substitution_of.items():
            host = next(s.element for s in self.structure.sites if s.label == label)
            self.substitutions[key].check(f"{self.where}.substitution.{key}", host)
        self._check_values()
        self.at(self._initial_values()).check_overlap()

    def __repr__(self) -> str:
        return f"Crystal({self.formula}, {self.structure.space_group}, {self.structure.source})"

    # ---- what it is made of -------------------------------------------------------------------

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """The sites of the asymmetric unit."""
        structure = self.structure
        orbits = site_orbits(
            np.array([s.fract for s in structure.sites]),
            structure.rotations,
            structure.translations,
            cell_vectors(structure.cell),
            np.array([s.occupancy for s in structure.sites]),
            structure.rounding,
        )
        sites = []
        for site, orbit in zip(structure.sites, orbits, strict=True):
            key = next((k for k in (site.label, site.element) if k in self.u_iso), site.label)
            sites.append(Site(site.label, site.element, orbit, key))
        return tuple(sites)

    @property
    def has_many_sites(self) -> bool:
        """Whether sites that are alike are summed together."""
        return len(self.structure.sites) > FEW_SITES

    @cached_property
    def freedom(self) -> CellFreedom:
        """Which cell parameters symmetry leaves independent."""
        return cell_freedom(self.structure.cell, self.structure.rotations)

    @cached_property
    def formula(self) -> str:
        """The content of the cell divided by the greatest common factor, e.g. CsPbBr3."""
        counts: dict[str, float] = {}
        for site, cif in zip(self.sites, self.structure.sites, strict=True):
            counts[site.element] = counts.get(site.element, 0.0) + site.multiplicity * cif.occupancy
        whole = [round(n) for n in counts.values()]
        exact = all(abs(n - w) < 1e-6 for n, w in zip(counts.values(), whole, strict=True))
        unit = math.gcd(*whole) if exact and all(whole) else 1
        return "".join(e + (f"{n / unit:g}" if n != unit else "") for e, n in counts.items())

    @cached_property
    def site_of_atom(self) -> IntArray:
        """The site index of each atom of the cell, (n_atoms,)."""
        return np.repeat(np.arange(len(self.sites)), [s.multiplicity for s in self.sites])

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements on its sites, second ones too."""
        return tuple(
            dict.fromkeys([*(s.element for s in self.sites), *(s.element for s in self.substitutions.values())])
        )

    @cached_property
    def _substitution_of(self) -> dict[str, str]:
        """Site label -> key of its substitution."""
        labels, elements = ([getattr(s, k) for s in self.structure.sites] for k in ("label", "element"))
        return substituted_sites(list(self.substitutions), labels, elements, self.where)

    # ---- parameters ---------------------------------------------------------------------------

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter) of everything that may be refined."""
        return dict(self._declared)

    @cached_property
    def _declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        for i in self.freedom.free:
            value = self.cell.get(CELL_NAMES[i], _of_file(self.structure.cell[i]))
            entries[CELL_NAMES[i]] = (_cell_quantity(i).more(self.structure.space_group), as_parameter(value))
        for site, cif in zip(self.sites, self.structure.sites, strict=True):
            override = self.site_overrides.get(site.label, SiteOverride())
            u_iso = self.u_iso.get(site.u_iso_key, None if cif.u_iso is None else _of_file(cif.u_iso))
            if u_iso is None:
                raise InputError(
                    f"{self.where}.u_iso",
                    f"{self.structure.source} gives no displacement parameter for site {site.label!r}; "
                    f"give one, for instance u_iso = {{ {site.element} = 0.01 }} (Å²).",
                )
            entries[f"u_iso.{site.u_iso_key}"] = (U_ISO.more(site.u_iso_key), as_parameter(u_iso))
            entries[f"sites.{site.label}.occupancy"] = (
                OCCUPANCY.more(site.label),
                _of_file(cif.occupancy) if override.occupancy is None else as_parameter(override.occupancy),
            )
            for k in site.orbit.free:
                name = "xyz"[k]
                overriding = getattr(override, name)
                value = _of_file(site.orbit.fract[k]) if overriding is None else overriding
                entries[f"sites.{site.label}.{name}"] = (
                    coordinate_quantity(name, site.label).more(self.structure.space_group),
                    as_parameter(value),
                )
        for key, substitution in self.substitutions.items():
            entries |= {f"substitution.{key}.{k}": v for k, v in substitution.declared().items()}
            if substitution.element in self.u_iso:
                second_u_iso = self.u_iso[substitution.element]
                entries[f"u_iso.{substitution.element}"] = (
                    U_ISO.more(substitution.element),
                    as_parameter(second_u_iso),
                )
        return entries | {name: (MOTION[name], as_parameter(value)) for name, value in self.motion.items()}

    @property
    def places_of_file(self) -> list[str]:
        """The local addresses of coordinates that symmetry leaves free and that no one stated."""
        ends = (".x", ".y", ".z")
        return [a for a, (_, p) in self._declared.items() if p.left_out and a.startswith("sites.") and a.endswith(ends)]

    def at(self, here: Here) -> CrystalNow:
        """Return the crystal as of now."""
        return CrystalNow(self, here)

    def _initial_values(self) -> Here:
        """Return values for a look at the geometry before ties are resolved: ties take the file's."""
        values = Values()
        cell = dict(zip(CELL_NAMES, self.structure.cell, strict=True))
        orbits = {s.label: s.orbit for s in self.sites}
        for address, (_, parameter) in self.declared().items():
            fallback = cell.get(address, 0.01)
            if address.startswith("sites."):
                _, label, name = address.split(".")
                fallback = 1.0 if name == "occupancy" else float(orbits[label].fract["xyz".index(name)])
            values[f"crystal.{address}"] = float(fallback if parameter.value is None else parameter.value)
        return values.under("crystal")

    def _check_names(self) -> None:
        free = [CELL_NAMES[i] for i in self.freedom.free]
        for name in self.cell:
            if name not in CELL_NAMES:
                raise InputError(f"{self.where}.{name}", f"is no cell parameter; {nearest_names(name, free)}")
            i = CELL_NAMES.index(name)
            if i not in self.freedom.free:
                leader = CELL_NAMES[self.freedom.follows[i]]
                why = f"follows {leader}" if leader != name else f"is {self.structure.cell[i]:g}"
                raise InputError(
                    f"{self.where}.{name}",
                    f"{name} {why} by the symmetry {self.structure.space_group!r}; leave it out "
                    f"(free: {', '.join(free)}).",
                )
        labels = [s.label for s in self.structure.sites]
        guests = {substitution.element for substitution in self.substitutions.values()}
        elements = {s.element for s in self.structure.sites} | guests
        for key in self.u_iso:
            if key not in elements and key not in labels:
                problem = (
                    f"{self.structure.source} has no site or element {key!r}"
                    if is_element(key)
                    else f"{key!r} is no element and no site of {self.structure.source}"
                )
                raise InputError(f"{self.where}.u_iso.{key}", f"{problem}; {nearest_names(key, {*labels, *elements})}")
        for label, override in self.site_overrides.items():
            place = f"{self.where}.sites.{label}"
            site = next((s for s in self.sites if s.label == label), None)
            if site is None:
                raise InputError(place, f"{self.structure.source} has no such site; {nearest_names(label, labels)}")
            for k, name in enumerate("xyz"):
                if getattr(override, name) is not None and k not in site.orbit.free:
                    free_here = ", ".join("xyz"[j] for j in site.orbit.free) or "none"
                    raise InputError(
                        f"{place}.{name}",
                        f"is decided by symmetry (or by another coordinate of the site); free here: {free_here}.",
                    )
        unused = [k for k in self.u_iso if k not in guests and all(s.u_iso_key != k for s in self.sites)]
        if unused:
            raise InputError(
                f"{self.where}.u_iso.{unused[0]}", "has no effect: each of its sites has an entry of its own."
            )

    def _check_values(self) -> None:
        """Raise InputError for a number of the file outside the limits; the user's own are checked later."""
        for address, (quantity, parameter) in self.declared().items():
            try:
                parameter.checked(quantity, f"{self.where}.{address}")
            except InputError as error:
                name = address.rpartition(".")[2]
                by_user = name in self.cell or address.partition(".")[2] in self.u_iso or address.startswith("sites.")
                if by_user:
                    raise
                raise InputError(
                    error.where, f"{self.structure.source} gives a number that cannot be used: it {error.problem}"
                ) from None

    def nearest_site(self, index: int) -> int:
        """Return the index of the site of another element that has the nearest atom to the first one of a site."""
        from nanocrystal.kernels.pairs import offsets_within

        vectors = cell_vectors(self.structure.cell)
        places = [s.orbit.fract for s in self.sites]
        offsets = offsets_within(vectors, 2.0 * float(np.linalg.norm(vectors, axis=1).max()))
        nearest = np.full(len(self.sites), np.inf)
        for k, site in enumerate(self.sites):
            if site.element == self.sites[index].element:
                continue
            images = list(site.orbit.images)
            fract = self.structure.rotations[images] @ places[k] + self.structure.translations[images]
            apart = ((fract - places[index])[:, None] + offsets[None]) @ vectors
            nearest[k] = np.linalg.norm(apart, axis=2).min()
        return int(np.argmin(nearest))

    def substitution_key(self, label: str) -> str | None:
        """Return the key of the substitution of a site, None where only one element has it."""
        return self._substitution_of.get(label)

    # ---- for files and provenance -------------------------------------------------------------

    @property
    def notes(self) -> list[str]:
        """What was decided or left out of the file, or does not agree in it, one sentence each."""
        return [f"{self.structure.source}: {note}" for note in self.structure.notes]

    @property
    def sha256(self) -> str:
        """The digest of the text that the structure was read from."""
        return hashlib.sha256(self.structure.text.encode()).hexdigest()
