"""What is in the vial: crystals, shapes, populations. This room has never heard of a beam."""

from collections.abc import Mapping

from nanocrystal.sample.clusters import Atoms, Cluster
from nanocrystal.sample.coating import Coating
from nanocrystal.sample.crystal import MOTION, Crystal, SiteOverride
from nanocrystal.sample.curved import Cylinder, Octahedron
from nanocrystal.sample.distributions import Distribution, Histogram
from nanocrystal.sample.ellipsoid import Ellipsoid
from nanocrystal.sample.fixed_body import FixedBody
from nanocrystal.sample.lattice_pairs import ShapedDerivatives
from nanocrystal.sample.mixing import Substitution
from nanocrystal.sample.pair_structure import Kind, PairGrid, PairStructure
from nanocrystal.sample.population import Population
from nanocrystal.sample.prisms import Box, Brick, Cube, Platelet, Prism
from nanocrystal.sample.sample import Sample
from nanocrystal.sample.settings import in_pbnm
from nanocrystal.sample.shapes import Bulk, Shape, Sphere
from nanocrystal.sample.shell import Shell
from nanocrystal.sample.size_law import Exponential, SizeLaw
from nanocrystal.sample.stacking import Stacking
from nanocrystal.sample.tilts import (
    Tilts,
    orthorhombic_from_tilts,
    tilts_from_angles,
    tilts_from_cell,
    tilts_from_coordinates,
    tolerance_factor,
)
from nanocrystal.sample.twins import TwinFamily

BOXES: Mapping[str, type[Box]] = {s.name: s for s in (Cube, Prism, Platelet, Brick, Cylinder, Octahedron, Ellipsoid)}
"""shapes that are cut from a lattice of blocks, by the name a study gives them"""

__all__ = [
    "BOXES",
    "MOTION",
    "Atoms",
    "Box",
    "Brick",
    "Bulk",
    "Cluster",
    "Coating",
    "Crystal",
    "Cube",
    "Cylinder",
    "Distribution",
    "Ellipsoid",
    "Exponential",
    "FixedBody",
    "Histogram",
    "Kind",
    "Octahedron",
    "PairGrid",
    "PairStructure",
    "Platelet",
    "Population",
    "Prism",
    "Sample",
    "Shape",
    "ShapedDerivatives",
    "Shell",
    "SiteOverride",
    "SizeLaw",
    "Sphere",
    "Stacking",
    "Substitution",
    "Tilts",
    "TwinFamily",
    "in_pbnm",
    "orthorhombic_from_tilts",
    "tilts_from_angles",
    "tilts_from_cell",
    "tilts_from_coordinates",
    "tolerance_factor",
]
