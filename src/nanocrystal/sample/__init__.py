"""What is in the vial: crystals, shapes, populations. This room has never heard of a beam."""

from nanocrystal.sample.clusters import Atoms, Cluster
from nanocrystal.sample.crystal import MOTION, Crystal, SiteOverride
from nanocrystal.sample.distributions import Distribution
from nanocrystal.sample.pair_structure import Kind, PairGrid, PairStructure
from nanocrystal.sample.population import Population
from nanocrystal.sample.sample import Sample
from nanocrystal.sample.shapes import Bulk, Shape, Sphere

__all__ = [
    "MOTION",
    "Atoms",
    "Bulk",
    "Cluster",
    "Crystal",
    "Distribution",
    "Kind",
    "PairGrid",
    "PairStructure",
    "Population",
    "Sample",
    "Shape",
    "SiteOverride",
    "Sphere",
]
