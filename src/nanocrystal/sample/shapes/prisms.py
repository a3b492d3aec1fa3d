"""Shapes cut along the block vectors of a crystal: cubes, prisms, platelets and bricks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from nanocrystal.errors import InputError
from nanocrystal.parameters import Meaning, Number, Parameter, Quantity, as_parameter
from nanocrystal.sample.order.blocks import AlongAxes
from nanocrystal.sample.shapes.boxes import Box, Edge, length_quantity
from nanocrystal.sample.shapes.distributions import Distribution, Histogram

CORRELATION = Quantity(
    "size_correlation",
    "",
    "correlation of the logarithms of the two lengths",
    0.0,
    -0.99,
    0.99,
    scale=0.1,
    meaning=Meaning("correlation coefficient", "of the logarithms of d_ab and l_c, by the number of crystals"),
)


@dataclass(frozen=True)
class Cube(Box):
    """Edges of equal length along the block vectors."""

    edge_length: Annotated[
        Number | Distribution | Histogram,
        Edge(length_quantity("edge_length", "edge of the cube", "edge length"), (0, 1, 2)),
    ]
    facets: AlongAxes = None
    name: ClassVar[str] = "cube"


@dataclass(frozen=True)
class Prism(Box):
    """A square base and a length along the third block vector."""

    d_ab: Annotated[
        Number | Distribution | Histogram,
        Edge(
            length_quantity("d_ab", "diameter of the circle with the area of the base", "diameter", "prism"),
            (0, 1),
            area=True,
        ),
    ]
    l_c: Annotated[Number | Distribution | Histogram, Edge(length_quantity("l_c", "length along c", of="prism"), (2,))]
    size_correlation: Annotated[
        Number | None, CORRELATION, "correlation of the logarithms of two lognormal lengths, −0.99 to 0.99 [0]"
    ] = None
    facets: AlongAxes = None
    name: ClassVar[str] = "prism"

    def __post_init__(self) -> None:
        both = (self.d_ab, self.l_c)
        lognormal = all(isinstance(x, Distribution) and x.distribution == "lognormal" for x in both)
        if self.size_correlation is not None and not lognormal:
            raise InputError("size_correlation", "needs lognormal distributions of both d_ab and l_c.")

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        entries = super().declared()
        if self.size_correlation is not None:
            entries["size_correlation"] = (CORRELATION, as_parameter(self.size_correlation))
        return entries


@dataclass(frozen=True)
class Platelet(Box):
    """A square platelet: edge_length along the first two block vectors, thickness along the third."""

    edge_length: Annotated[
        Number | Distribution | Histogram,
        Edge(length_quantity("edge_length", "edge of the platelet", "edge length"), (0, 1)),
    ]
    thickness: Annotated[
        Number | Distribution | Histogram,
        Edge(length_quantity("thickness", "thickness along c", "thickness", "platelet"), (2,)),
    ]
    facets: AlongAxes = None
    name: ClassVar[str] = "platelet"


@dataclass(frozen=True)
class Brick(Box):
    """Three independent edges along the block vectors."""

    length_a: Annotated[
        Number | Distribution | Histogram,
        Edge(length_quantity("length_a", "edge along the first block vector", "edge length", "brick"), (0,)),
    ]
    length_b: Annotated[
        Number | Distribution | Histogram,
        Edge(length_quantity("length_b", "edge along the second block vector", "edge length", "brick"), (1,)),
    ]
    length_c: Annotated[
        Number | Distribution | Histogram,
        Edge(length_quantity("length_c", "edge along the third block vector", "edge length", "brick"), (2,)),
    ]
    facets: AlongAxes = None
    name: ClassVar[str] = "brick"
