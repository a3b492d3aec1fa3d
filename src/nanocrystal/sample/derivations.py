"""What follows from the parameters of a sample, by the local names that it has: unit, sentence and meaning, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nanocrystal.parameters import Derivation, Meaning
from nanocrystal.parameters.meaning import (
    CRYSTAL,
    INSIDE,
    MEAN_PLACES,
    NO_SIZE_LAW,
    NUMBER_MEAN,
    NUMBER_STD,
    VOLUME_MEAN,
    VOLUME_STD,
)

BOND = Derivation("Å", "distance", Meaning("interatomic distance", MEAN_PLACES).more(NO_SIZE_LAW))
ANGLE = Derivation("°", "angle", Meaning("bond angle", MEAN_PLACES).more(NO_SIZE_LAW))
OF_CRYSTAL: Mapping[str, Derivation] = {
    "volume": Derivation(
        "Å³", "volume of the cell", Meaning("cell volume", "in the setting of the structure").more(NO_SIZE_LAW)
    ),
    "density": Derivation(
        "g/cm³",
        "density of the crystal",
        Meaning("mass density", "of the crystal, from its cell").more(INSIDE, NO_SIZE_LAW),
    ),
    "tilt_out_of_phase": Derivation(
        "°", "tilt of the octahedra about b of Pbnm", Meaning("octahedral tilt", "out of phase, about b of Pbnm")
    ),
    "tilt_in_phase": Derivation(
        "°", "tilt of the octahedra about c of Pbnm", Meaning("octahedral tilt", "in phase, about c of Pbnm")
    ),
    "tolerance_factor": Derivation(
        "",
        "Goldschmidt tolerance factor with Shannon's radii",
        Meaning(
            "tolerance factor",
            "Goldschmidt's (r_A + r_X)/(√2 (r_B + r_X)), Shannon's radii for 12, 6 and 6 neighbours, mean radii where "
            "ions share a site",
        ).more(INSIDE),
    ),
    "bond": BOND,
    "angle": ANGLE,
}
OF_POPULATION: Mapping[str, Derivation] = {
    "volume_mean": Derivation(
        "Å³", "number-weighted mean volume", Meaning("volume", f"of a {CRYSTAL}").more(NUMBER_MEAN)
    ),
    "n_atoms_mean": Derivation(
        "", "atoms in the average crystal", Meaning("number of atoms", f"of a {CRYSTAL}").more(NUMBER_MEAN)
    ),
    "composition": Derivation(
        "",
        "part of the atoms",
        Meaning("atomic fraction", "of one element in all crystals of a population").more(CRYSTAL),
    ),
    "coating_mass_fraction": Derivation(
        "",
        "part of the mass of crystals and coating that is coating",
        Meaning("mass fraction", "of the coating in all crystals of a population with their coating"),
    ),
    "core_fraction": Derivation(
        "",
        "part of the places that is core, those of a gradient in proportion",
        Meaning(
            "volume fraction",
            f"of the core of a {CRYSTAL}, what lies in a gradient in proportion",
        ).more(VOLUME_MEAN),
    ),
    "mass_fraction_of_sample": Derivation(
        "",
        "part of the mass of the sample",
        Meaning("mass fraction", "of a population in all crystals of the sample").more(CRYSTAL),
    ),
}
OF_TWINS: Mapping[str, Derivation] = {
    "boundary_density": Derivation(
        "1/nm",
        "boundaries per nanometre across them",
        Meaning("boundary density", "across one kind of planes of the family, mean over its kinds"),
    ),
    "domain_length": Derivation(
        "Å",
        "mean distance of neighbouring boundaries of the same planes",
        Meaning("domain length", "across one kind of planes of the family, mean in a crystal without end"),
    ),
    "shortest_contact": Derivation(
        "Å",
        "shortest distance of like anions across a boundary",
        Meaning("interatomic distance", MEAN_PLACES).more("shortest of like anions across a boundary of the family"),
    ),
}
_RUN = Meaning("run length", "mean over the runs of layers of one kind in a crystal without end")
OF_STACKING: Mapping[str, Derivation] = {
    f"mean_run_{kind}": Derivation(
        "layers", f"mean number of layers in {kind} surroundings that follow each other", _RUN.more(kind)
    )
    for kind in ("cubic", "hexagonal")
}


class Statistic(NamedTuple):
    """A statistic of a length over a population: the attribute of `LengthStatistics`, in words, and what is meant."""

    attribute: str
    words: str
    phrase: str


STATISTICS: Mapping[str, Statistic] = {
    "mean": Statistic("number_mean", "number-weighted mean", NUMBER_MEAN),
    "std": Statistic("number_std", "number-weighted standard deviation", NUMBER_STD),
    "volume_weighted_mean": Statistic("volume_weighted_mean", "volume-weighted mean", VOLUME_MEAN),
    "volume_weighted_std": Statistic("volume_weighted_std", "volume-weighted standard deviation", VOLUME_STD),
}
"""what a length of a population is followed by in the name of a derived quantity"""
