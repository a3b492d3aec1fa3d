"""The tables of a study file. Data-set tables are made from the techniques' own declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, create_model

from nanocrystal.errors import nearest_names
from nanocrystal.measurement import Noise
from nanocrystal.parameters import Number, declared_fields
from nanocrystal.sample import BOXES, Box
from nanocrystal.study.fields import ByElement, LengthField, MeasuredField, Name, NumberField, RangeField, Table, wrong
from nanocrystal.study.messages import shown
from nanocrystal.study.nmr_tables import (
    SENTENCES,
    DiffusionComponentTable,
    LineTable,
    RelaxationPartTable,
    TitrationStepTable,
)
from nanocrystal.study.plan_schema import PlanTable
from nanocrystal.study.reduction.schema import ReductionTable
from nanocrystal.study.series.schema import SeriesTable
from nanocrystal.techniques import (
    TECHNIQUES,
    Blank,
    DiffusionComponent,
    Line,
    PowderBlank,
    Profile,
    RelaxationPart,
    TitrationStep,
)


def _kind(value: Any) -> str:
    """Return what stands where a table should; [[name]] makes a list of tables."""
    double = isinstance(value, list) and all(isinstance(v, dict) for v in value)
    return "a list of tables (double brackets)" if double else shown(value)


class SiteTable(Table):
    """One site of a crystal: coordinates that symmetry leaves free, and the occupancy."""

    x: NumberField | None = Field(default=None, description="fractional coordinate, where symmetry leaves it free")
    y: NumberField | None = Field(default=None, description="as x")
    z: NumberField | None = Field(default=None, description="as x")
    occupancy: NumberField | None = Field(default=None, description="part of the places that is filled, 0 to 1")


class SubstitutionTable(Table):
    """A second element on the sites of an element: [crystals.NAME.substitution.ELEMENT]."""

    element: str = Field(description="the second element, such as Cl")
    fraction: NumberField = Field(description="its part of the sites, 0 to 1")
    correlation_length: NumberField = Field(
        default=0.0, description="Å, over which like elements cluster [0: mixed at random]"
    )
    bond_difference: NumberField = Field(
        default=0.0, description="Å, by how much nearest neighbours of the first element are farther away [0]"
    )


class CrystalTable(Table):
    """A crystal: a CIF or a structure of the library, with what shall differ from it or be refined."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["cif"]}, {"required": ["library"]}]})

    cif: str | None = Field(
        default=None, description="file, relative to the study; or package:NAME/path inside an installed package"
    )
    library: str | None = Field(default=None, description="name of a bundled structure; see: nanocrystal library")
    a: NumberField | None = Field(default=None, description="Å; b and c follow where symmetry says so")
    b: NumberField | None = Field(default=None, description="Å; only where symmetry leaves it free")
    c: NumberField | None = Field(default=None, description="Å; only where symmetry leaves it free")
    alpha: NumberField | None = Field(default=None, description="°; only where symmetry leaves it free")
    beta: NumberField | None = Field(default=None, description="°; only where symmetry leaves it free")
    gamma: NumberField | None = Field(default=None, description="°; only where symmetry leaves it free")
    u_iso: ByElement = Field(
        default={}, description="Å², by site label or element; sites not named keep the value of the CIF"
    )
    sites: dict[str, SiteTable] = Field(
        default_factory=dict, description="coordinates and occupancies by site label: [crystals.NAME.sites.LABEL]"
    )
    substitution: dict[str, SubstitutionTable] = Field(
        default_factory=dict, description="second elements: [crystals.NAME.substitution.ELEMENT], or by site label"
    )
    delta1: NumberField | None = Field(default=None, description="Å, correlated motion")
    delta2: NumberField | None = Field(default=None, description="Å², correlated motion")


class _Fractions(Table):
    number_fraction: NumberField | None = Field(default=None, description="part of the crystals, by number")
    mass_fraction: NumberField | None = Field(default=None, description="part of the sample, by mass")
    volume_fraction: NumberField | None = Field(default=None, description="part of the sample, by volume")


class TwinTable(Table):
    """A family of planes that may carry boundaries: [populations.NAME.twins.FAMILY]."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [k]} for k in ("probability", "density", "one_per_crystal")]}
    )

    slip: str = Field(description='the slip and its planes, such as "1/2<110>{110}"; for perovskites in Pbnm')
    probability: NumberField | None = Field(default=None, description="of a boundary at each plane, 0 to 0.5")
    density: NumberField | None = Field(default=None, description="boundaries per nm, instead of the probability")
    one_per_crystal: bool = Field(default=False, description="each crystal has one boundary, at any of its planes")
    ordered: bool = Field(default=False, description="whether probabilities above 0.5 are meant")


class StackingTable(Table):
    """A random sequence of close-packed layers: [populations.NAME.stacking]."""

    cubic_fraction: NumberField = Field(
        description="part of the layers in cubic surroundings: 0 in wurtzite, 1 in zinc blende"
    )
    correlation: NumberField = Field(
        default=0.0, description="correlation of the kinds of neighbouring layers, 0 to 0.99 [0]"
    )


class ShellTable(Table):
    """What differs towards the surface, on the same lattice: [populations.NAME.shell]."""

    thickness: NumberField = Field(description="Å; of the shell, or depth over which the composition changes")
    profile: Literal["step", "gradient"] = Field(
        default="step", description="core and shell, or a linear change from the surface to the depth [step]"
    )
    substitution: dict[str, NumberField] = Field(
        default_factory=dict, description="fraction of the second element in the shell, by the crystal's substitution"
    )
    occupancy: dict[str, NumberField] = Field(
        default_factory=dict, description="factor on occupancies in the shell, by site label or element"
    )


class ExponentialTable(Table):
    """A factor 1 + A exp(−D/L)."""

    amplitude: NumberField = Field(description="A: what is added at the smallest sizes, relative")
    length: NumberField = Field(description="L, Å: over which it fades with size")


class SizeLawTable(Table):
    """What depends on the size D of the crystals: [populations.NAME.size_law]."""

    alpha: NumberField | None = Field(default=None, description="Å; cell × (1 − alpha/(D + alpha)) (1 + beta)")
    beta: NumberField | None = Field(default=None, description="constant relative change of the cell [0]")
    u_iso: dict[str, ExponentialTable] = Field(
        default_factory=dict, description="factors on displacements, by site label or element: {amplitude, length}"
    )
    occupancy: dict[str, ExponentialTable] = Field(
        default_factory=dict, description="factors on occupancies, by site label or element: {amplitude, length}"
    )
    argument: Literal["d_eq", "volume_to_surface"] = Field(
        default="d_eq", description="D: diameter of the sphere of equal volume, or volume over surface [d_eq]"
    )


class CoatingTable(Table):
    """What covers the crystals, ligands or an oxide; seen by small angles: [populations.NAME.coating]."""

    thickness: NumberField = Field(description="Å, on all faces")
    electron_density: NumberField | None = Field(
        default=None, description="e/Å³; about 0.27 to 0.31 for alkyl chains, 0.66 for silica"
    )
    formula: str | None = Field(
        default=None, description='such as "Al2O3", with mass_density: instead of the electrons'
    )
    mass_density: NumberField | None = Field(default=None, description="g/cm³, with formula")


class _Crystalline(_Fractions):
    size_law: SizeLawTable | None = Field(default=None, description="what depends on the size of the crystals")
    shell: ShellTable | None = Field(default=None, description="what differs towards the surface")
    coating: CoatingTable | None = Field(default=None, description="what covers the crystals; for saxs only")
    termination: str | None = Field(
        default=None, description='layer that all faces end with, "CsBr" or "PbBr2"; for prisms of perovskites'
    )
    stacking: StackingTable | None = Field(default=None, description="a random sequence of close-packed layers")
    twins: dict[Name, TwinTable] = Field(
        default_factory=dict, description="families of boundaries: [populations.NAME.twins.FAMILY]"
    )


class BulkTable(_Crystalline):
    """An infinite crystal."""

    crystal: str = Field(description="the name of one of [crystals]")
    shape: Literal["bulk"] = Field(description="infinite; for PDFs")


class SphereTable(_Crystalline):
    """Spheres of a crystal."""

    crystal: str = Field(description="the name of one of [crystals]")
    shape: Literal["sphere"] = Field(description="sphere")
    diameter: LengthField = Field(description="Å; a number or a distribution")


class BlocksTable(_Crystalline):
    """One crystal of given blocks, of any outline."""

    crystal: str = Field(description="the name of one of [crystals]")
    shape: Literal["blocks"] = Field(description="given blocks")
    file: str = Field(description="three columns of whole numbers: the place of each block along the block vectors")
    facets: Literal["pseudocubic", "cell"] | None = Field(
        default=None, description='what the blocks are: "cell" or "pseudocubic" cells [pseudocubic for perovskites]'
    )


class AtomsTable(_Fractions):
    """Explicit atoms from a file."""

    shape: Literal["atoms"] = Field(description="one cluster, as it is in a file")
    file: str = Field(description=".xyz, .extxyz or .cif (as a list of atoms)")
    u_iso: ByElement = Field(default={}, description="Å², by element; every element needs one")
    stretch: NumberField | None = Field(default=None, description="factor on all distances [1]")
    delta1: NumberField | None = Field(default=None, description="Å, correlated motion")
    delta2: NumberField | None = Field(default=None, description="Å², correlated motion")


def _box_table(shape: type[Box]) -> type[Table]:
    """Return the table of a shape along the lattice, from the edges it declares."""
    fields: dict[str, Any] = {
        "crystal": (str, Field(description="the name of one of [crystals]")),
        "shape": (Literal[shape.name], Field(description=(shape.__doc__ or "").partition("\n")[0].rstrip("."))),
    }
    for edge in shape.edges:
        text = f"{edge.quantity.description} (Å); a number or a distribution"
        fields[edge.quantity.name] = (LengthField, Field(description=text))
    text = 'what the edges run along: the axes of the "cell", or "pseudocubic" ones [pseudocubic for perovskites]'
    fields["facets"] = (Literal["pseudocubic", "cell"] | None, Field(default=None, description=text))
    if "size_correlation" in shape.__dataclass_fields__:  # type: ignore[attr-defined]
        text = "correlation of the logarithms of two lognormal lengths, −0.99 to 0.99 [0]"
        fields["size_correlation"] = (NumberField | None, Field(default=None, description=text))
    return create_model(f"{shape.__name__}Table", __base__=_Crystalline, __doc__=shape.__doc__, **fields)


POPULATION_TABLES: dict[str, type[Table]] = {
    "bulk": BulkTable,
    "sphere": SphereTable,
    **{name: _box_table(shape) for name, shape in BOXES.items()},
    "blocks": BlocksTable,
    "atoms": AtomsTable,
}


def population_table(value: Any) -> Any:
    """Return the checked table of a population, by the shape that it names."""
    return _named_table(value, "shape", "sphere", "[populations.dots]", POPULATION_TABLES)


def _named_table(value: Any, key: str, example: str, header: str, tables: Mapping[str, type[Table]]) -> Any:
    """Return the checked table of the kind that its `key` names; example and header are for the messages."""
    if not isinstance(value, dict):
        raise wrong(f"must be a table with a header such as {header}, got {_kind(value)}.")
    name = value.get(key)
    if name is None:
        raise wrong(f'needs a {key}, for instance {key} = "{example}"; {nearest_names("", tables)}')
    if not isinstance(name, str):
        raise wrong(f"{key} must be text in quotation marks, got {shown(name)}.")
    if name not in tables:
        raise wrong(f"there is no {key} {name!r}; {nearest_names(name, tables)}")
    return tables[name].model_validate(value)


class BlankTable(Table):
    """A measured blank with its own scale, left to the fit unless given."""

    file: str = Field(description="as of a data set")
    columns: list[str] | None = Field(default=None, description="as of a data set")
    scale: NumberField | None = Field(default=None, description="linear; left to the fit")


class ProfileTable(Table):
    """What the crystals of a population do to the peaks of a powder pattern: [datasets.NAME.profiles.POPULATION]."""

    size: NumberField | None = Field(default=None, description="Å, volume-weighted column length [no broadening]")
    strain: NumberField | None = Field(default=None, description="microstrain Δd/d [0]")
    texture: NumberField | None = Field(default=None, description="ratio r of March and Dollase [1]; with texture_axis")
    texture_axis: Annotated[list[int], Field(min_length=3, max_length=3)] | None = Field(
        default=None, description="indices of the planes that are oriented, such as [0, 0, 1]"
    )
    intensities: Literal["structure", "free"] = Field(
        default="structure", description="from the structure, or left to the fit (Pawley)"
    )
    size_lorentzian: NumberField | None = Field(default=None, description="Lorentzian part of the width by size [1]")
    strain_lorentzian: NumberField | None = Field(default=None, description="that of the width by strain [1]")
    particle_diameter: float | None = Field(
        default=None, description="µm, of particles, for microabsorption [fine: no correction]"
    )


class NoiseTable(Table):
    """Noise added by `simulate`."""

    counts: float | None = Field(default=None, gt=0.0, description="Poisson noise: counts at the highest point")
    sigma: float | None = Field(default=None, gt=0.0, description="normal noise of this standard deviation")
    seed: int = Field(default=0, ge=0, description="the same seed gives the same noise")


_SENTENCES = {
    "file": "the measured file, relative to the study, or package:NAME/path inside an installed package",
    "columns": "what the columns of the file are, where its suffix does not say; see Files",
    "r": "to simulate instead of a file: START:STOP:STEP in Å, both ends included",
    "q": "to simulate instead of a file: START:STOP:STEP in Å⁻¹, both ends included",
    "two_theta": "to simulate instead of a file: START:STOP:STEP in degrees, both ends included",
    "r_range": "Å, both ends included; what is fitted [all above 0.5 Å]",
    "q_range": "Å⁻¹, both ends included; what is fitted [all]",
    "two_theta_range": "degrees, both ends included; what is fitted [all]",
    "exclude": "left out of the fit, in the unit of the abscissa",
    "qmax": "Å⁻¹; up to where the data were transformed [from the header of the file]",
    "qmin": "Å⁻¹; from where the transform starts; leave it out where small angles were left out",
    "peak_form": "exact peaks (debye), or those of PDFgui for comparison (pdfgui)",
    "q_unit": "the unit of Q in the file",
    "wavelength": "Å; needed for 2θ and polarization; adds f′ and f″",
    "energy": "eV; instead of the wavelength",
    "anomalous": "whether f′ and f″ are used where the wavelength is known",
    "weights": "sigma (of the file), counting (σ = √I) or uniform [sigma if the file has it, else counting; "
    "of saxs relative, 3 % of I]",
    "background_terms": "how many Chebyshev polynomials",
    "background": "their coefficients c0, c1, …, where they shall not be left to the fit",
    "blanks": "measured blanks, each with its own scale: [datasets.NAME.blanks.BLANK]",
    "compton": "whether incoherent scattering is added, with its own scale",
    "ratios": 'ratios of numbers of atoms, such as "Cl/Pb" or "Cl/(Br+Cl)", each [value, standard deviation]',
    "tube": "anode of an X-ray tube, for its Kα doublet: Cr, Fe, Co, Cu, Mo or Ag",
    "wavelength_2": "Å; second line of a doublet, beside wavelength",
    "geometry": "flat sample in reflection, or capillary",
    "monochromator_angle": "degrees; 2θ of a monochromator, instead of polarization",
    "radius": "mm, of the goniometer; for displacement",
    "scherrer_constant": "K of the Scherrer equation",
    "profiles": "size, strain and texture of phases: [datasets.NAME.profiles.POPULATION]",
    "standard": "population that was weighed in as an internal standard",
    "standard_fraction": "its part of the mass of the whole mixture",
    "solvent": "what surrounds the crystals: toluene, hexane, octane, cyclohexane, chloroform, ethanol, water, vacuum",
    "structure_factor": "how the crystals stand to each other",
    "power_law_background": "whether a background power_law q^−power is added",
    "element": "whose nuclei are seen, on the A site",
    "shifts": "ppm, in the core of the pure crystal of each halide: { Br = 90, Cl = 60 }",
    "noise": "for simulate only: { counts = 2e4, seed = 1 } or { sigma = 0.02, seed = 1 }",
    **SENTENCES,
}
"""what the plain keys of the techniques mean; quantities carry their own description"""
_SPECIAL_FIELDS: dict[Any, Any] = {
    Noise | None: (NoiseTable | None, None),
    Mapping[str, Number]: (dict[str, NumberField], MISSING),
    Mapping[str, Blank]: (dict[Name, BlankTable], MISSING),
    Mapping[str, PowderBlank]: (dict[Name, BlankTable], MISSING),
    Mapping[str, Profile]: (dict[Name, ProfileTable], MISSING),
    Mapping[str, Line]: (dict[Name, LineTable], MISSING),
    Mapping[str, RelaxationPart]: (dict[Name, RelaxationPartTable], MISSING),
    Mapping[str, TitrationStep]: (dict[Name, TitrationStepTable], MISSING),
    Mapping[str, DiffusionComponent]: (dict[Name, DiffusionComponentTable], MISSING),
    Sequence[tuple[float, float]] | None: (list[RangeField] | None, None),
    Mapping[str, tuple[float, float]]: (dict[str, MeasuredField], MISSING),
}
"""how fields of a technique's dataclass that are no plain values stand in a study"""
_LISTS: dict[Any, Any] = {
    Sequence[str]: list[str],
    Sequence[str] | None: list[str] | None,
    Sequence[float] | None: list[float] | None,
    Mapping[str, Sequence[str]]: dict[str, list[str]],
}
"""the same for sequences, which keep their default"""


REDUCED = ("pdf", "total-scattering")
"""techniques whose curve may come from a reduction"""


def _dataset_table(technique: Any) -> type[Table]:
    """Return the table of a technique, from the fields of its dataclass and its declared quantities."""
    fields: dict[str, Any] = {"technique": (Literal[technique.name], Field(description="how it was measured"))}
    for name, field in declared_fields(technique).items():
        quantity = field.quantity
        if quantity is not None:
            text = f"{quantity.description} ({quantity.unit})" if quantity.unit else quantity.description
            fields[name] = (NumberField | None, Field(default=None, description=text))
        else:
            kind, default = _plain_field(name, field.kind, field.default)
            given = {"default_factory": dict} if default is MISSING else {"default": default}
            given = {} if field.required else given
            fields[name] = (kind, Field(description=field.sentence, **given))
    if technique.name in REDUCED:
        text = "instead of file: the reduction of the study whose curve this is, [reduction.NAME]"
        fields["reduction"] = (str | None, Field(default=None, description=text))
    title = "".join(part.capitalize() for part in technique.name.split("-"))
    return create_model(f"{title}Table", __base__=Table, **fields)


def _plain_field(name: str, hint: Any, default: Any) -> tuple[Any, Any]:
    """Return the type and default of a field of a technique that is no quantity; MISSING: an empty table."""
    if hint == tuple[float, float] | None:
        return RangeField | None, None
    if hint in _SPECIAL_FIELDS:
        return _SPECIAL_FIELDS[hint]  # type: ignore[no-any-return]
    if name in ("file", "columns"):
        return (str if name == "file" else list[str]) | None, None
    return _LISTS.get(hint, hint), default


def dataset_table(value: Any) -> Any:
    """Return the checked table of a data set, by the technique that it names."""
    return _named_table(value, "technique", "pdf", "[datasets.pdf]", DATASET_TABLES)


DATASET_TABLES = {name: _dataset_table(technique) for name, technique in TECHNIQUES.items()}


class RefineTable(Table):
    """Options of the optimiser."""

    max_iterations: int = Field(default=100, gt=0, description="steps of one descent")
    tolerance: float = Field(default=1e-8, gt=0.0, lt=1e-2, description="relative change of χ² that ends a descent")
    starts: int = Field(
        default=1, gt=0, le=1000, description="starting points: that of the study, and others drawn with the seed"
    )
    seed: int = Field(default=0, ge=0, description="of the starting points")
    loss: Literal["linear", "soft_l1", "huber", "cauchy"] = Field(
        default="linear", description="least squares (linear), or a robust loss that counts large residuals less"
    )
    loss_scale: float | None = Field(
        default=None,
        gt=0.0,
        description="from how many σ on a residual is large [1.5; without σ, 1.5 times the scatter]",
    )
    error_scale: Literal["estimated", "given"] = Field(
        default="estimated",
        description="of several data sets: whether σ are multiplied by what the misfit of each alone asks for",
    )
    error_scales: dict[Name, float] = Field(
        default_factory=dict, description="factors on the σ of data sets, by name, set by hand"
    )


class CandidateTable(Table):
    """A candidate for `compare`: parts of a study, laid over the study itself.

    What stands here is not complete, so it is checked only where it is joined with the rest.
    """

    description: str = Field(default="", description="a few words for tables and the report")
    drop: list[str] = Field(
        default_factory=list, description="addresses of keys and tables of the study that this candidate has not"
    )
    title: str = Field(default="", description="as of the study")
    crystals: dict[Name, Any] = Field(default_factory=dict, description="laid over [crystals]")
    populations: dict[Name, Any] = Field(default_factory=dict, description="laid over [populations]")
    datasets: dict[Name, Any] = Field(
        default_factory=dict, description="laid over [datasets]; what was measured stays as it is"
    )
    refine: dict[str, Any] = Field(default_factory=dict, description="laid over [refine]")


class StudyTable(Table):
    """A study: what is in the vial, and what was measured."""

    title: str = Field(default="", description="what stands above the report")
    crystals: dict[Name, CrystalTable] = Field(default_factory=dict, description="crystal structures by name")
    populations: dict[Name, Any] = Field(description="what the sample is made of")
    datasets: dict[Name, Any] = Field(description="what was measured, or shall be simulated")
    reduction: dict[Name, ReductionTable] = Field(
        default_factory=dict, description="raw counts to S(Q) and G(r), for `nanocrystal reduce` and data sets"
    )
    refine: RefineTable = Field(default=RefineTable(), description="options of the optimiser")
    candidates: dict[Name, CandidateTable] = Field(
        default_factory=dict, description="other models of the same sample, for `nanocrystal compare`"
    )
    series: SeriesTable | None = Field(default=None, description="many files, for `nanocrystal series`")
    plan: PlanTable = Field(default=PlanTable(), description="what shall be known, for `nanocrystal plan`")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a study file, for editors."""
    schema = StudyTable.model_json_schema()
    schema["required"].remove("populations")  # lines and decays need no sample
    definitions = schema.setdefault("$defs", {})
    for key, known in (("datasets", DATASET_TABLES), ("populations", POPULATION_TABLES)):
        tables = [table.model_json_schema(ref_template="#/$defs/{model}") for table in known.values()]
        for table in tables:
            definitions |= table.pop("$defs", {})
        schema["properties"][key]["additionalProperties"] = {"anyOf": tables}
    return schema
