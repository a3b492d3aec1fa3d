"""The tables of [reduction.NAME] in a study file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from nanocrystal.study.fields import Name, RangeField, Table, wrong
from nanocrystal.study.messages import shown
from nanocrystal.study.reduction.image import ImageTable


def _fluorescence(value: Any) -> float | str:
    if value == "fit":
        return "fit"
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0.0 or value == float("inf"):
        raise wrong(f'must be a number of at least 0 (electron units per atom), or "fit"; got {shown(value)}.')
    return float(value)


def _grid(value: Any) -> tuple[float, float, float]:
    try:
        start, stop, step = (float(part) for part in str(value).split(":"))
    except ValueError:
        raise wrong(f'must be text such as "0:60:0.01", START:STOP:STEP in Å; got {shown(value)}.') from None
    return start, stop, step


def _peaks(value: Any) -> list[tuple[float, float]]:
    pairs = [p for p in value if isinstance(p, list) and len(p) == 2] if isinstance(value, list) else []
    if not pairs or len(pairs) != len(value):
        raise wrong(f"must be a list of [position in Å⁻¹, area], such as [[2.2, 1.0], [3.6, 0.4]]; got {shown(value)}.")
    for number in (n for pair in pairs for n in pair):
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0.0 < number < float("inf"):
            raise wrong(f"positions and areas must be numbers above 0; got {shown(number)}.")
    return [(float(a), float(b)) for a, b in pairs]


Fluorescence = Annotated[
    Any, PlainValidator(_fluorescence), WithJsonSchema({"anyOf": [{"type": "number"}, {"const": "fit"}]})
]
Grid = Annotated[tuple[float, float, float], BeforeValidator(_grid), WithJsonSchema({"type": "string"})]
Peaks = Annotated[list[tuple[float, float]], PlainValidator(_peaks), WithJsonSchema({"type": "array"})]
SIGMA_WORDS = "σ: of the file, √I of raw counts (counting), or none [of the file where it has one]"


class ReductionBlankTable(Table):
    """What is measured without the sample and subtracted: [reduction.NAME.blanks.BLANK]."""

    file: str | None = Field(default=None, description="as of the reduction; its Q must cover that of the sample")
    image: ImageTable | None = Field(default=None, description="or detector images, with the settings of the sample's")
    columns: list[str] | None = Field(default=None, description="as of the reduction")
    sigma: Literal["file", "counting", "none"] | None = Field(default=None, description=SIGMA_WORDS)
    scale: float | None = Field(default=None, description="factor it is subtracted with [fitted in fit_range]")
    fit_range: RangeField | None = Field(
        default=None, description="Å⁻¹; where the blank alone scatters, to fit its scale there"
    )


class AbsorptionTable(Table):
    """Absorption in the sample: [reduction.NAME.absorption]."""

    geometry: Literal["cylinder", "plate-normal", "plate-transmission", "plate-reflection"] = Field(
        description="shape of the sample, and how a plate stands to the beam"
    )
    mu_radius: float | None = Field(default=None, description="μR of a cylinder")
    mu_thickness: float | None = Field(default=None, description="μt of a plate")
    radius: float | None = Field(default=None, description="mm; with density, instead of mu_radius")
    thickness: float | None = Field(default=None, description="mm; with density, instead of mu_thickness")
    density: float | None = Field(default=None, description="g/cm³ of the sample in the beam, with its voids")


class DifferentialTable(Table):
    """Another reduction that is subtracted: [reduction.NAME.differential.OTHER]."""

    scale: float | None = Field(default=None, description="factor of F(Q) and G(r) of the other [fitted in fit_range]")
    fit_range: RangeField | None = Field(
        default=None, description="Å⁻¹; where the other alone scatters, to fit its scale there"
    )
    intensity_scale: float | None = Field(
        default=None, description="factor of I(Q) of the other [fitted in fit_range, else 1]"
    )


class ComponentTable(Table):
    """A component that may have been added: [reduction.NAME.unchanged.OTHER.components.COMPONENT]."""

    file: str | None = Field(default=None, description="its pattern, intensity over Q")
    columns: list[str] | None = Field(default=None, description="as of the reduction")
    peaks: Peaks | None = Field(default=None, description="[[position in Å⁻¹, area], …] instead of a file")
    fwhm: float | None = Field(default=None, gt=0.0, description="Å⁻¹, of these peaks")
    size: float | None = Field(default=None, gt=0.0, description="Å, column length of its crystals, instead of fwhm")


class UnchangedTable(Table):
    """Whether this pattern differs from another at all: [reduction.NAME.unchanged.OTHER]."""

    scale: float | None = Field(default=None, description="of the other pattern [fitted]")
    background_terms: int = Field(
        default=0, ge=0, le=12, description="Chebyshev terms that the patterns may differ by without a change"
    )
    q_range: RangeField | None = Field(default=None, description="Å⁻¹; what is compared [all]")
    components: dict[Name, ComponentTable] = Field(
        default_factory=dict, description="what may have been added: […components.COMPONENT]"
    )


class ReductionTable(Table):
    """From counts to S(Q) and G(r): [reduction.NAME]."""

    file: str | None = Field(
        default=None, description="the measured intensity over Q or 2θ, relative to the study; or package:NAME/path"
    )
    image: ImageTable | None = Field(default=None, description="or detector images: [reduction.NAME.image]")
    columns: list[str] | None = Field(default=None, description="what the columns of the file are")
    q_unit: Literal["1/angstrom", "1/nm"] = Field(default="1/angstrom", description="the unit of Q in all files")
    q_range: RangeField | None = Field(default=None, description="Å⁻¹; what of the file is used [all]")
    sigma: Literal["file", "counting", "none"] | None = Field(default=None, description=SIGMA_WORDS)
    composition: str = Field(description='formula of the sample, such as "CsPbBr3"')
    method: Literal["polynomial", "physical"] = Field(
        default="polynomial", description="the ad-hoc correction of PDFgetX3, or explicit corrections"
    )
    backgroundfile: str | None = Field(default=None, description="short for one blank with this file")
    bgscale: float | None = Field(default=None, description="its scale [1]")
    blanks: dict[Name, ReductionBlankTable] = Field(
        default_factory=dict, description="what is subtracted: [reduction.NAME.blanks.BLANK]"
    )
    qmin: float = Field(default=0.0, description="Å⁻¹; from where the transform starts")
    qmax: float | None = Field(default=None, description="Å⁻¹; up to where it goes [qmaxinst]")
    qmaxinst: float | None = Field(default=None, description="Å⁻¹; last Q that is used at all [end of the data]")
    rpoly: float = Field(default=0.9, description="Å; the polynomial takes out what is below it in G(r)")
    r: Grid = Field(default=(0.0, 60.0, 0.01), description="START:STOP:STEP of G(r) in Å")
    window: Literal["none", "lorch"] = Field(default="none", description="of the transform")
    wavelength: float | None = Field(default=None, description="Å; for 2θ, polarisation, absorption, recoil")
    energy: float | None = Field(default=None, description="eV; instead of the wavelength")
    anomalous: bool = Field(default=False, description="whether f′ and f″ are used")
    density: float | None = Field(default=None, description="g/cm³ of the material; for sum rules")
    number_density: float | None = Field(default=None, description="atoms/Å³, instead of density")
    polarization: float | None = Field(default=None, description="part p of 1 − p + p cos² 2θ [not corrected]")
    absorption: AbsorptionTable | None = Field(default=None, description="[reduction.NAME.absorption]")
    compton: bool = Field(default=True, description="whether Compton scattering is subtracted (physical)")
    recoil_power: float = Field(
        default=2.0, ge=0.0, le=3.0, description="n of (E′/E)ⁿ: 2 for counted photons, 3 for a detector of energy"
    )
    fluorescence: Fluorescence = Field(
        default=0.0, description='constant below the pattern, electron units per atom, or "fit" (physical)'
    )
    normalization: Literal["high-q", "krogh-moe-norman"] = Field(
        default="high-q", description="how the absolute scale is found (physical)"
    )
    normalization_range: RangeField | None = Field(
        default=None, description="Å⁻¹; where I is ⟨f²⟩ on average [last 40 % of Q] (physical)"
    )
    d_normalization: Literal["squared-mean", "mean-square", "electrons"] = Field(
        default="squared-mean", description="of D(r): over ⟨f⟩², where it is G(r), over ⟨f²⟩, or in electrons²"
    )
    differential: dict[Name, DifferentialTable] = Field(
        default_factory=dict, description="other reductions that are subtracted: [reduction.NAME.differential.OTHER]"
    )
    unchanged: dict[Name, UnchangedTable] = Field(
        default_factory=dict, description="other reductions that it is compared with: [reduction.NAME.unchanged.OTHER]"
    )
