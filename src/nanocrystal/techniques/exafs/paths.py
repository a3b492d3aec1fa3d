"""The paths of a photoelectron: their numbers in a study, and the tables of FEFF that they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from nanocrystal.data.feff import FeffPath, read_feff
from nanocrystal.data.resources import resolved_path
from nanocrystal.errors import InputError
from nanocrystal.kernels.exafs import PathTable
from nanocrystal.parameters import (
    Claim,
    Declares,
    Meaning,
    Number,
    Parameter,
    Quantity,
    as_parameter,
    declared_quantities,
)
from nanocrystal.tables.elements import atomic_number, symbol_of

SHELL = "of the absorber, on average"


@dataclass(frozen=True)
class ExafsPath(Declares):
    """One path of a photoelectron: [datasets.NAME.paths.PATH], a shell of neighbours or a way over several atoms."""

    feff: Annotated[str, "its table, a feffNNNN.dat, relative to the study, or package:NAME/path"]
    n_coord: Annotated[
        Number,
        Quantity(
            "n_coord",
            "",
            "how many such paths an absorber has: the neighbours of a shell",
            None,
            0.0,
            1000.0,
            scale=0.5,
            meaning=Meaning("coordination number", SHELL),
        ),
    ]
    sigma2: Annotated[
        Number,
        Quantity(
            "sigma2",
            "Å²",
            "variance of half the length of the path",
            None,
            0.0,
            0.5,
            scale=0.001,
            start_spread=0.5,
            meaning=Meaning("relative mean-square displacement", "along the line of absorber and scatterer"),
        ),
    ]
    delta_r: Annotated[
        Number | None,
        Quantity(
            "delta_r",
            "Å",
            "by how much half the path is longer than in the table",
            0.0,
            -1.0,
            1.0,
            scale=0.01,
            meaning=Meaning("distance difference", "mean distance less that of the table of the path"),
            claim=Claim("the distance is that of the table of FEFF", other=0.03, either_way=True),
        ),
    ] = None
    distance: Annotated[
        Number | None,
        Quantity(
            "distance",
            "Å",
            "half the length of the path, instead of delta_r",
            None,
            0.5,
            20.0,
            scale=0.01,
            start_spread=0.02,
            meaning=Meaning("interatomic distance", "mean of absorber and scatterer, of a longer path half its length"),
        ),
    ] = None
    third: Annotated[
        Number | None,
        Quantity(
            "third",
            "Å³",
            "third cumulant of the distance",
            0.0,
            -0.1,
            0.1,
            scale=1e-4,
            meaning=Meaning("third cumulant", "of the distance of absorber and scatterer"),
            claim=Claim("distances are spread alike to both sides", other=2e-4),
        ),
    ] = None
    fourth: Annotated[
        Number | None,
        Quantity(
            "fourth",
            "Å⁴",
            "fourth cumulant of the distance",
            0.0,
            -0.1,
            0.1,
            scale=1e-5,
            meaning=Meaning("fourth cumulant", "of the distance of absorber and scatterer"),
        ),
    ] = None

    def quantities(self) -> Mapping[str, Quantity]:
        """Return the numbers that the path has: one of delta_r and distance."""
        unused = "delta_r" if self.distance is not None else "distance"
        return {k: q for k, q in declared_quantities(ExafsPath).items() if k != unused}

    def frees(self, name: str) -> bool:
        """Say whether a number varies by itself."""
        number = getattr(self, name)
        return number is not None and as_parameter(number).vary


@dataclass(frozen=True)
class BoundPath:
    """A path whose table was read. name: in the study; where: its address; given: "delta_r" or "distance"."""

    name: str
    where: str
    given: str
    feff: FeffPath
    table: PathTable

    @property
    def is_single(self) -> bool:
        """Whether the photoelectron meets one neighbour alone, so that the length is a distance."""
        return self.feff.n_legs == 2

    def names(self) -> dict[str, str]:
        """Return the numbers that the shape of its wave depends on: as the kernel calls them -> in the study."""
        return {"delta_r": self.given, "sigma2": "sigma2", "third": "third", "fourth": "fourth"}


def bound_path(path: ExafsPath, name: str, where: str, folder: Path) -> BoundPath:
    """Read the table of a path; raises InputError for what cannot be used."""
    at = f"{where}.feff"
    if path.delta_r is not None and path.distance is not None:
        raise InputError(f"{where}.distance", "stands beside delta_r; give one of the two.")
    feff = read_feff(resolved_path(path.feff, folder, at), at)
    table = PathTable(feff.k, feff.amplitude, feff.phase, feff.mean_free, feff.real_p, feff.reff)
    return BoundPath(name, where, "delta_r" if path.distance is None else "distance", feff, table)


def check_absorber(paths: Mapping[str, BoundPath], element: str | None, edge: str | None, where: str) -> None:
    """Raise InputError for tables of another absorber or edge than the data set, or than each other."""
    expected, by = None, ""
    if element is not None:
        try:
            expected, by = atomic_number(element), f"{where}.element says {element}"
        except InputError as error:
            raise InputError(f"{where}.element", error.problem) from None
    for path in paths.values():
        file = Path(path.feff.source).name
        if expected is None:
            expected, by = path.feff.absorber, f"that of {path.name} is {symbol_of(path.feff.absorber)}"
        if path.feff.absorber != expected:
            raise InputError(
                f"{path.where}.feff",
                f"{file} is of the absorber {symbol_of(path.feff.absorber)}, but {by}; give a table of that absorber.",
            )
        if edge is not None and path.feff.shell and path.feff.shell != edge:
            raise InputError(
                f"{path.where}.feff",
                f"{file} is of the {path.feff.shell} edge, but {where}.edge says {edge}; give a table of that edge.",
            )


def local_of_paths(paths: Mapping[str, ExafsPath]) -> tuple[dict[str, Quantity], dict[str, Number | Parameter | None]]:
    """Return the quantities of all paths and their numbers, by local address."""
    quantities, numbers = {}, {}
    for name, path in paths.items():
        for key, quantity in path.quantities().items():
            quantities[f"paths.{name}.{key}"] = quantity
            numbers[f"paths.{name}.{key}"] = getattr(path, key)
    return quantities, numbers
