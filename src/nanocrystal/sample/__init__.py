"""What is in the vial: crystals, shapes, populations. Nothing here depends on how it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nanocrystal.lazy import Kinds, from_their_modules

if TYPE_CHECKING:
    from nanocrystal.sample.crystal.cif import CifSite, CifStructure, parse_cif, read_cif
    from nanocrystal.sample.crystal.clusters import Cluster
    from nanocrystal.sample.crystal.crystal import MOTION, Crystal, SiteOverride
    from nanocrystal.sample.crystal.mixing import Substitution
    from nanocrystal.sample.crystal.settings import in_pbnm
    from nanocrystal.sample.crystal.tilts import (
        Tilts,
        orthorhombic_from_tilts,
        tetragonal_halide,
        tilts_from_angles,
        tilts_from_cell,
        tilts_from_coordinates,
        tolerance_factor,
        tolerance_factor_of_radii,
    )
    from nanocrystal.sample.explicit.networks import BoundaryNetwork, ExplicitCrystal, explicit_crystal, turned_domains
    from nanocrystal.sample.order.stacking import Stacking
    from nanocrystal.sample.order.twins import TwinFamily
    from nanocrystal.sample.pairs.lattice_pairs import ShapedDerivatives
    from nanocrystal.sample.pairs.pair_structure import Kind, PairGrid, PairStructure
    from nanocrystal.sample.population import Population
    from nanocrystal.sample.sample import Sample
    from nanocrystal.sample.shapes.atoms import Atoms
    from nanocrystal.sample.shapes.boxes import Box
    from nanocrystal.sample.shapes.curved import Cylinder, Octahedron
    from nanocrystal.sample.shapes.distributions import Distribution, Histogram
    from nanocrystal.sample.shapes.ellipsoid import Ellipsoid
    from nanocrystal.sample.shapes.fixed_body import FixedBody
    from nanocrystal.sample.shapes.prisms import Brick, Cube, Platelet, Prism
    from nanocrystal.sample.shapes.shape import Shape
    from nanocrystal.sample.shapes.sphere import Bulk, Sphere
    from nanocrystal.sample.surface.coating import Coating
    from nanocrystal.sample.surface.shell import Shell
    from nanocrystal.sample.surface.size_law import Exponential, SizeLaw

BOXES = Kinds(
    __name__,
    {
        "cube": "Cube",
        "prism": "Prism",
        "platelet": "Platelet",
        "brick": "Brick",
        "cylinder": "Cylinder",
        "octahedron": "Octahedron",
        "ellipsoid": "Ellipsoid",
    },
)
"""shapes that are cut from a lattice of blocks, by the name a study gives them"""

__all__ = [
    "BOXES",
    "MOTION",
    "Atoms",
    "BoundaryNetwork",
    "Box",
    "Brick",
    "Bulk",
    "CifSite",
    "CifStructure",
    "Cluster",
    "Coating",
    "Crystal",
    "Cube",
    "Cylinder",
    "Distribution",
    "Ellipsoid",
    "ExplicitCrystal",
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
    "explicit_crystal",
    "in_pbnm",
    "orthorhombic_from_tilts",
    "parse_cif",
    "read_cif",
    "tetragonal_halide",
    "tilts_from_angles",
    "tilts_from_cell",
    "tilts_from_coordinates",
    "tolerance_factor",
    "tolerance_factor_of_radii",
    "turned_domains",
]

__getattr__ = from_their_modules(__name__, __file__)
