"""Explicit atoms: a shape whose atoms stand in a file, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import NO_KEY, Beside, Here, Label, Meaning, Number, Parameter, Quantity, as_parameter
from nanocrystal.sample.crystal.clusters import Cluster
from nanocrystal.sample.crystal.crystal import MOTION, U_ISO, Motion
from nanocrystal.sample.shapes.shape import Shape, ShapeNow

FloatArray = NDArray[np.float64]
STRETCH = Quantity(
    "stretch",
    "",
    "factor on all distances of the cluster",
    1.0,
    0.5,
    2.0,
    scale=1.0,
    meaning=Meaning("length factor", "of all distances of the atoms of a file"),
)


@dataclass(frozen=True)
class ClusterFile:
    """What a cluster is read from."""

    file: Annotated[str, ".xyz, .extxyz or .cif (as a list of atoms)"]


def _named(atoms: Atoms) -> dict[str, str]:
    return {"file": atoms.cluster.source}


@dataclass(frozen=True)
class Atoms(Shape):
    """Explicit atoms from a file.

    Parameters
    ----------
    cluster : Cluster
        The atoms; `Cluster.read` reads them.
    motion : mapping of str to number
        Correlated motion of neighbours by name: delta1 (Å), delta2 (Å²).
    where : str
        What messages call the atoms.
    """

    cluster: Annotated[Cluster, Beside(ClusterFile, _named)]
    u_iso: Annotated[Mapping[Label, Number], U_ISO, "Å², by element; every element needs one"] = field(
        default_factory=dict
    )
    stretch: Annotated[Number, STRETCH, "factor on all distances [1]"] = 1.0
    motion: Annotated[Mapping[str, Number], Beside(Motion)] = field(default_factory=dict)
    where: Annotated[str, NO_KEY] = "atoms"
    name: ClassVar[str] = "atoms"
    layered: ClassVar[bool] = False
    coats: ClassVar[bool] = False
    of_atoms: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self.cluster.check_overlap(self.where)
        for key in self.u_iso:
            if key not in self.cluster.species:
                raise InputError(
                    f"{self.where}.u_iso.{key}",
                    f"{self.cluster.source} has no {key!r}; {nearest_names(key, self.cluster.species)}",
                )
        for element in self.cluster.species:
            if element not in self.u_iso:
                raise InputError(
                    f"{self.where}.u_iso",
                    f"gives no displacement for {element}; add for instance {element} = 0.01 (Å²).",
                )

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        entries = {f"u_iso.{e}": (U_ISO.more(e), as_parameter(self.u_iso[e])) for e in self.cluster.species}
        motion = {n: (MOTION[n], as_parameter(value)) for n, value in self.motion.items()}
        return {**entries, "stretch": (STRETCH, as_parameter(self.stretch)), **motion}

    @property
    def explicit(self) -> Cluster:
        return self.cluster

    @property
    def own_motion(self) -> Mapping[str, Number]:
        return self.motion

    def inputs(self) -> dict[str, str]:
        return {self.cluster.source: self.cluster.sha256}

    def at(self, here: Here) -> AtomsNow:
        """Return the atoms as of now; here: the population."""
        return AtomsNow(self, here)


@dataclass(frozen=True, eq=False)
class AtomsNow(ShapeNow):
    """Explicit atoms as of now."""

    shape: Atoms
    here: Here

    @property
    def stretch(self) -> float:
        """The factor on all distances."""
        return self.here["stretch"]

    @property
    def u_iso(self) -> FloatArray:
        """u_iso of each species, Å²."""
        return np.array([self.here[f"u_iso.{e}"] for e in self.shape.cluster.species])
