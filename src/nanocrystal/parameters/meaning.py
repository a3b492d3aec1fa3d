"""What a number means: a quantity of a closed vocabulary, and a definition that says in words exactly which.

Numbers of different techniques may be compared where both agree, and nowhere else. So a definition is put together
from the few phrases of this file and what its owner says once, and equal things read equal:

    DIAMETER = Meaning("diameter", "of the sphere").more(CRYSTAL)
    DIAMETER.more(NUMBER_MEAN)  # of the sphere, crystal with its shell, without coating, number-weighted mean
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "number": ("",),
    "number of layers": ("layers",),
    "length": ("Å", "nm", "mm"),
    "area": ("Å²",),
    "volume": ("Å³",),
    "angle": ("°",),
    "angle²": ("°²",),
    "1/length": ("Å⁻¹", "1/nm"),
    "1/volume": ("cm⁻³",),
    "mass/volume": ("g/cm³",),
    "electrons/volume": ("e/Å³",),
    "length⁴": ("Å⁴",),
    "time": ("s",),
    "energy": ("eV",),
    "frequency": ("Hz",),
    "relative frequency": ("ppm",),
    "area/time": ("µm²/s", "m²/s"),
}
"""what quantities are measured in: dimension -> its units"""
ANY = "any"
"""the dimension of what a user makes up"""


@dataclass(frozen=True)
class Term:
    """A quantity of the vocabulary: its dimension, and what it is in one sentence."""

    dimension: str
    sentence: str

    @property
    def units(self) -> tuple[str, ...]:
        return DIMENSIONS.get(self.dimension, ())


QUANTITIES: Mapping[str, Term] = {
    # ---- the crystal ----
    "cell length": Term("length", "An edge of the cell of a crystal."),
    "cell angle": Term("angle", "An angle between two edges of the cell of a crystal."),
    "cell volume": Term("volume", "The volume of the cell of a crystal."),
    "fractional coordinate": Term("number", "Where a site lies in the cell, in parts of an edge."),
    "mean-square displacement": Term("area", "How far an atom is from its site, squared, on average, along one axis."),
    "occupancy": Term("number", "The part of the places of a site that is filled."),
    "site fraction": Term("number", "The part of the filled places of a site that one element has."),
    "clustering length": Term("length", "The distance over which like elements keep together."),
    "interatomic distance": Term("length", "The distance of two atoms."),
    "distance difference": Term("length", "By how much one interatomic distance is longer than another."),
    "bond angle": Term("angle", "The angle between two bonds of an atom."),
    "octahedral tilt": Term("angle", "By how much the octahedra of a perovskite are turned."),
    "tolerance factor": Term("number", "How well the ions of a perovskite fit, by their radii."),
    "linear correlated motion": Term("length", "δ1 of σ² = (u_i + u_j)(1 − δ1/r − δ2/r²)."),
    "quadratic correlated motion": Term("area", "δ2 of σ² = (u_i + u_j)(1 − δ1/r − δ2/r²)."),
    "mass density": Term("mass/volume", "Mass over volume."),
    "electron density": Term("electrons/volume", "Number of electrons over volume."),
    # ---- order of its blocks ----
    "boundary probability": Term("number", "How probable a boundary is at a plane that may carry one."),
    "boundary density": Term("1/length", "How many boundaries there are on a length across them."),
    "domain length": Term("length", "The distance from one boundary to the next."),
    "cubic fraction": Term("number", "The part of close-packed layers that has cubic surroundings."),
    "run length": Term("number of layers", "How many layers of one kind follow each other."),
    "correlation coefficient": Term("number", "How two numbers vary together, from −1 to 1."),
    # ---- sizes ----
    "diameter": Term("length", "The width of a sphere, of a circle, or of one that stands for another body."),
    "radius": Term("length", "Half a diameter."),
    "edge length": Term("length", "The length of an edge of a body."),
    "length": Term("length", "The extent of a body along an axis of its own."),
    "thickness": Term("length", "The extent of a plate or of a layer across it."),
    "column length": Term("length", "The extent of a crystal along the scattering vector."),
    "volume": Term("volume", "The volume of a body."),
    "number of atoms": Term("number", "How many atoms there are."),
    "length factor": Term("number", "What lengths that are known but for a factor are multiplied with."),
    "diameter ratio": Term("number", "A diameter over another one."),
    "size-law length": Term("length", "A length in the law by which crystals depend on their size."),
    "size-law amplitude": Term("number", "A relative change in the law by which crystals depend on their size."),
    # ---- amounts ----
    "number fraction": Term("number", "The part of a number of crystals or nuclei."),
    "mass fraction": Term("number", "The part of a mass."),
    "volume fraction": Term("number", "The part of a volume."),
    "atomic fraction": Term("number", "The part of a number of atoms."),
    "number density": Term("1/volume", "Number over volume."),
    # ---- how crystals stand to each other ----
    "interparticle distance": Term("length", "The distance of two crystals."),
    "number of particles": Term("number", "How many crystals there are in an arrangement."),
    # ---- curves ----
    "scale": Term("number", "What a calculated curve is multiplied with."),
    "background": Term("number", "The coefficient of a curve that is none of the sample."),
    "calibration": Term("number", "What ratios are multiplied with, for the sensitivity of an instrument."),
    "exponent": Term("number", "The power in a law."),
    "wavelength": Term("length", "Of the beam."),
    "intensity ratio": Term("number", "An intensity over another one."),
    "polarization": Term("number", "p of the factor 1 − p + p cos² 2θ."),
    "absorption": Term("number", "The coefficient of absorption times a length."),
    "resolution": Term("1/length", "The width of the instrument's blur in Q."),
    "relative resolution": Term("number", "The width of the instrument's blur in Q, over Q."),
    "slit length": Term("1/length", "The extent of a slit in Q."),
    "angle": Term("angle", "An angle of the instrument."),
    "sample displacement": Term("length", "How far a sample is from where it should stand."),
    "peak width": Term("angle", "A coefficient of the width of peaks over 2θ."),
    "squared peak width": Term("angle²", "A coefficient of the squared width of peaks over 2θ."),
    "divergence": Term("number", "Height over distance, of a beam."),
    "peak asymmetry": Term("number", "By how much the sides of a peak differ."),
    "Lorentzian part": Term("number", "The part of a peak or of a width that is Lorentzian, the rest Gaussian."),
    "microstrain": Term("number", "The spread of the distances of lattice planes, relative."),
    "texture": Term("number", "The ratio r of March and Dollase."),
    "microabsorption": Term("number", "The factor by which a phase is weakened since its grains absorb."),
    # ---- nuclear spins ----
    "chemical shift": Term("relative frequency", "The frequency of a line, relative to that of a reference."),
    "chemical-shift difference": Term("relative frequency", "One chemical shift less another one."),
    "frequency": Term("frequency", "Oscillations or turns in a time."),
    "line width": Term("frequency", "The width of a line over frequency."),
    "relative line width": Term("relative frequency", "The width of a line over chemical shift."),
    "shift anisotropy": Term("relative frequency", "δ_zz − δ_iso of a chemical shift."),
    "asymmetry parameter": Term("number", "η of a tensor, 0 where it is round about an axis."),
    "quadrupole coupling": Term("frequency", "e²qQ/h of a nucleus."),
    "area": Term("number", "The area of a line over its axis."),
    "area fraction": Term("number", "The part of an area."),
    "amplitude": Term("number", "The height of a decay or a recovery."),
    "amplitude fraction": Term("number", "The part of an amplitude."),
    "inversion": Term("number", "f of a recovery, 1 − f exp(−(t/T)^β)."),
    "relaxation time": Term("time", "The time in which spins go back to equilibrium."),
    "self-diffusion coefficient": Term("area/time", "D of ⟨x²⟩ = 2 D t along one axis."),
    "ligand fraction": Term("number", "The part of the ligands."),
    # ---- X-ray absorption ----
    "amplitude reduction": Term("number", "S₀², the part of the absorption that leaves one photoelectron."),
    "edge energy": Term("energy", "Where the wave vector of a photoelectron is 0."),
    "edge shift": Term("energy", "One edge energy less another one."),
    "coordination number": Term("number", "How many neighbours of one kind an atom has at a distance."),
    "relative mean-square displacement": Term("area", "The variance of a distance of two atoms."),
    "third cumulant": Term("volume", "The third cumulant of the distribution of a distance."),
    "fourth cumulant": Term("length⁴", "The fourth cumulant of the distribution of a distance."),
    # ---- of the user's own ----
    "order parameter": Term(ANY, "A quantity that a series follows, by an expression of its study."),
}
"""every quantity there is, by its name"""


@dataclass(frozen=True)
class Meaning:
    """What a number is: a quantity, and which one exactly. Both are empty where nothing is said.

    Raises ValueError for a quantity that is not in the vocabulary.
    """

    quantity: str = ""
    definition: str = ""

    def __post_init__(self) -> None:
        if self.quantity and self.quantity not in QUANTITIES:
            raise ValueError(f"{self.quantity!r} is no quantity; add it to QUANTITIES, or take one that is there")

    def more(self, *phrases: str) -> Meaning:
        """Return the meaning with phrases added to its definition; an empty meaning stays empty."""
        return replace(self, definition=", ".join((self.definition, *phrases))) if self.quantity else self

    def fits(self, unit: str) -> bool:
        """Say whether the quantity can have this unit."""
        return self.quantity in QUANTITIES and (
            QUANTITIES[self.quantity].dimension == ANY or unit in QUANTITIES[self.quantity].units
        )


# ---- phrases --------------------------------------------------------------------------------------

CRYSTAL = "crystal with its shell, without coating"
"""of what body a length or an amount is"""
ALL_ALIKE = "the same for all crystals"
NUMBER_MEAN = "number-weighted mean"
NUMBER_STD = "standard deviation of the number-weighted distribution"
VOLUME_MEAN = "volume-weighted mean"
VOLUME_STD = "standard deviation of the volume-weighted distribution"
NORMAL_MEAN = "mean of the number-weighted normal distribution before it is cut off at 0"
NORMAL_STD = "standard deviation of the number-weighted normal distribution before it is cut off at 0"
INSIDE = "in the core where there is a shell"
NO_SIZE_LAW = "before any law of size"
MEAN_PLACES = "between the mean places of the atoms"
MEASUREMENT = "of this measurement"
"""of no sample: two measurements have nothing in common in it"""

UNSAID = Meaning()


def of_measurement(quantity: str, definition: str) -> Meaning:
    """Return the meaning of a number that belongs to a measurement, not to the sample."""
    return Meaning(quantity, definition).more(MEASUREMENT)
