"""The tables of [reduction.NAME] in a study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Discriminator, PlainValidator, Tag, WithJsonSchema

from nanocrystal.parameters import ONE_OR_MORE, Limits, Name
from nanocrystal.reduction import Reduction
from nanocrystal.reduction.image_settings import ImageSettings
from nanocrystal.reduction.xas import Align, XrayAbsorption
from nanocrystal.study.fields import wrong
from nanocrystal.study.messages import OF_ABSORPTION, OF_SCATTERING, shown
from nanocrystal.study.tables import table_of

Sigma = Literal["file", "counting", "none"]


def _peaks(value: Any) -> list[tuple[float, float]]:
    pairs = [p for p in value if isinstance(p, list) and len(p) == 2] if isinstance(value, list) else []
    if not pairs or len(pairs) != len(value):
        raise wrong(f"must be a list of [position in Å⁻¹, area], such as [[2.2, 1.0], [3.6, 0.4]]; got {shown(value)}.")
    for number in (n for pair in pairs for n in pair):
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0.0 < number < float("inf"):
            raise wrong(f"positions and areas must be numbers above 0; got {shown(number)}.")
    return [(float(a), float(b)) for a, b in pairs]


Peaks = Annotated[list[tuple[float, float]], PlainValidator(_peaks), WithJsonSchema({"type": "array"})]
SIGMA_WORDS = "σ: of the file, √I of raw counts (counting), or none [of the file where it has one]"


@dataclass(frozen=True)
class BlankKeys:
    """What is measured without the sample and subtracted: [reduction.NAME.blanks.BLANK]."""

    file: Annotated[str | None, "as of the reduction; its Q must cover that of the sample"] = None
    image: Annotated[ImageSettings | None, "or detector images, with the settings of the sample's"] = None
    columns: Annotated[Sequence[str] | None, "as of the reduction"] = None
    sigma: Annotated[Sigma | None, SIGMA_WORDS] = None
    scale: Annotated[float | None, "factor it is subtracted with [fitted in fit_range]"] = None
    fit_range: Annotated[tuple[float, float] | None, "Å⁻¹; where the blank alone scatters, to fit its scale there"] = (
        None
    )


@dataclass(frozen=True)
class DifferentialKeys:
    """Another reduction that is subtracted: [reduction.NAME.differential.OTHER]."""

    scale: Annotated[float | None, "factor of F(Q) and G(r) of the other [fitted in fit_range]"] = None
    fit_range: Annotated[tuple[float, float] | None, "Å⁻¹; where the other alone scatters, to fit its scale there"] = (
        None
    )
    intensity_scale: Annotated[float | None, "factor of I(Q) of the other [fitted in fit_range, else 1]"] = None


@dataclass(frozen=True)
class ComponentKeys:
    """A component that may have been added: [reduction.NAME.unchanged.OTHER.components.COMPONENT]."""

    file: Annotated[str | None, "its pattern, intensity over Q"] = None
    columns: Annotated[Sequence[str] | None, "as of the reduction"] = None
    peaks: Annotated[Peaks | None, "[[position in Å⁻¹, area], …] instead of a file"] = None
    fwhm: Annotated[float | None, Limits(above=0.0), "Å⁻¹, of these peaks"] = None
    size: Annotated[float | None, Limits(above=0.0), "Å, column length of its crystals, instead of fwhm"] = None


@dataclass(frozen=True)
class UnchangedKeys:
    """Whether this pattern differs from another at all: [reduction.NAME.unchanged.OTHER]."""

    scale: Annotated[float | None, "of the other pattern [fitted]"] = None
    background_terms: Annotated[
        int, Limits(least=0, most=12), "Chebyshev terms that the patterns may differ by without a change"
    ] = 0
    q_range: Annotated[tuple[float, float] | None, "Å⁻¹; what is compared [all]"] = None
    components: Annotated[Mapping[Name, ComponentKeys], "what may have been added: […components.COMPONENT]"] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class ReductionKeys(Reduction):
    """From counts to S(Q) and G(r): [reduction.NAME]."""

    file: Annotated[str | None, "the measured intensity over Q or 2θ, relative to the study; or package:NAME/path"] = (
        None
    )
    image: Annotated[ImageSettings | None, "or detector images: [reduction.NAME.image]"] = None
    columns: Annotated[Sequence[str] | None, "what the columns of the file are"] = None
    believe: Annotated[
        Literal["file", "study"],
        "file: what headers state of unit, radiation and wavelength counts and must agree with the study; study: they "
        "are left aside",
    ] = "file"
    q_unit: Annotated[Literal["1/angstrom", "1/nm"], "the unit of Q in all files that do not state it"] = "1/angstrom"
    q_range: Annotated[tuple[float, float] | None, "Å⁻¹; what of the file is used [all]"] = None
    sigma: Annotated[Sigma | None, SIGMA_WORDS] = None
    backgroundfile: Annotated[str | None, "short for one blank with this file"] = None
    bgscale: Annotated[float | None, "its scale [1]"] = None
    blanks: Annotated[Mapping[Name, BlankKeys], "what is subtracted: [reduction.NAME.blanks.BLANK]"] = field(
        default_factory=dict
    )
    differential: Annotated[
        Mapping[Name, DifferentialKeys], "other reductions that are subtracted: [reduction.NAME.differential.OTHER]"
    ] = field(default_factory=dict)
    unchanged: Annotated[
        Mapping[Name, UnchangedKeys], "other reductions that it is compared with: [reduction.NAME.unchanged.OTHER]"
    ] = field(default_factory=dict)


ReductionTable = table_of(ReductionKeys, name="ReductionTable")


# ---- X-ray absorption -------------------------------------------------------------------------------


def _columns(value: Any) -> dict[str, list[str]]:
    if not isinstance(value, dict):
        raise wrong(f'must be a table such as {{ i0 = "I0", itrans = "It" }}; got {shown(value)}.')
    return {key: _names_of_columns(names) for key, names in value.items()}


def _names_of_columns(value: Any) -> list[str]:
    """Return names of columns as text; a place 1, 2, … may stand for a name."""
    names = value if isinstance(value, list) else [value]
    if not names or any(isinstance(n, bool) or not isinstance(n, str | int) for n in names):
        raise wrong(f"must be the name of a column, its place 1, 2, …, or a list of these; got {shown(value)}.")
    return [str(n) for n in names]


ScanColumns = Annotated[
    dict[str, list[str]],
    PlainValidator(_columns),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "integer", "array"]}}),
]
"""what a column is -> its name in the file, or several that are summed"""


def _points(value: Any) -> list[float]:
    numbers = value if isinstance(value, list) else [value]
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0.0 < number < float("inf"):
            raise wrong(f"must be a list of energies in eV, such as [9112.5, 9340.0]; got {shown(number)}.")
    return [float(number) for number in numbers]


Energies = Annotated[
    list[float], PlainValidator(_points), WithJsonSchema({"type": "array", "items": {"type": "number"}})
]


@dataclass(frozen=True)
class AbsorptionKeys:
    """From scans of an absorption edge to χ(k): [reduction.NAME] with files and absorption."""

    absorption: Annotated[XrayAbsorption, "the edge, and how its background is found: [reduction.NAME.absorption]"]
    files: Annotated[
        Sequence[str], ONE_OR_MORE, "scans of one edge, merged: XDI, a project of Athena, or columns of text"
    ]
    entry: Annotated[
        Sequence[str], ONE_OR_MORE, "records of a project by label, or by place 1, 2, … [its only one]"
    ] = ()
    columns: Annotated[
        ScanColumns | None,
        "energy, i0, itrans, ifluor, irefer, mutrans, mufluor, murefer or mu -> the name that the file has for it",
    ] = None
    energy_range: Annotated[tuple[float, float] | None, "eV; what of the scans is used [all]"] = None
    deglitch: Annotated[Energies | None, "eV; points that are left out"] = None
    reference: Annotated[
        Align, "what scans are aligned on: the foil behind the sample (itrans over irefer), or the sample itself"
    ] = "none"


EdgeTable = table_of(AbsorptionKeys, name="EdgeTable")


def _kind(value: Any) -> str:
    """Return which of the two tables a reduction is."""
    if isinstance(value, EdgeTable):
        return OF_ABSORPTION
    absorption = value.get("absorption") if isinstance(value, dict) else None
    of_edge = isinstance(absorption, dict) and not {"element", "edge", "mode", "e0"}.isdisjoint(absorption)
    return OF_ABSORPTION if of_edge or (isinstance(value, dict) and "files" in value) else OF_SCATTERING


AnyReduction = Annotated[
    Annotated[ReductionTable, Tag(OF_SCATTERING)] | Annotated[EdgeTable, Tag(OF_ABSORPTION)],  # type: ignore[valid-type]
    Discriminator(_kind),
]
"""a reduction of either kind"""
