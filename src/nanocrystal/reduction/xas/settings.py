"""What a study says of a reduction of X-ray absorption beside its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from nanocrystal.data.xas import Mode
from nanocrystal.parameters import Declares, Limits

Edge = Literal["K", "L1", "L2", "L3"]


@dataclass(frozen=True, kw_only=True)
class XrayAbsorption(Declares):
    """An edge that was scanned, and how μ(E) becomes χ(k)."""

    element: Annotated[str, 'the absorber, such as "Pb"']
    edge: Annotated[Edge, "its edge"]
    mode: Annotated[Mode, "what the columns are: counts in transmission or fluorescence, or μ itself"] = "transmission"
    e0: Annotated[float | None, "eV; where k is 0 [the steepest rise of μ]"] = None
    pre_edge: Annotated[tuple[float, float] | None, "eV from e0; where a line is fitted before the edge [a third]"] = (
        None
    )
    post_edge: Annotated[tuple[float, float] | None, "eV from e0; where the step is fitted [25 eV to the end]"] = None
    rbkg: Annotated[float, Limits(above=0.0, most=5.0), "Å; the background takes what is below it in χ(R)"] = 1.0
    kweight: Annotated[int, Limits(least=0, most=3), "power of k by which background and noise are judged"] = 2
    clamp: Annotated[tuple[int, int], "how strongly χ is held at 0 at its first and its last points"] = (0, 1)
    k_range: Annotated[tuple[float, float] | None, "Å⁻¹; of χ(R) and the noise [3 to the end]"] = None
