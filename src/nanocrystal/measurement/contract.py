"""What a technique is to the rest of the house: a description that binds to a sample as a model.

`Technique` and `Model` declare every member that anything asks for, with what holds where a technique says nothing.
A class that makes up another public name is refused when it is made, since a misspelt member would else be passed
over in silence: what is a class's own is named with `own`, as in `class PowderModel(Model, own=("phases",))`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import get_annotations
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import nearest_names
from nanocrystal.measurement.correlated import FittedNoise
from nanocrystal.measurement.counts import signed_deviances, weighed_by_expected
from nanocrystal.measurement.curve import Axis, Drawing, Look, Measured, Noise, Trend
from nanocrystal.parameters import (
    Assumption,
    Ceiling,
    Declares,
    Derivation,
    DerivedQuantity,
    Evaluation,
    Parameter,
    Quantity,
    Values,
    as_parameter,
    declared_quantities,
)
from nanocrystal.parameters.address import Address

FloatArray = NDArray[np.float64]


class Model(ABC):
    """A data set bound to a sample: what was measured and how to calculate it.

    technique: its name; where: address of the data set; linear: the addresses of the linear parameters, in the order
    of the rows of `curves`; requirement: what it needs of shared intermediates, joined by |; transform_of: the
    techniques whose curve this one may be a transform of; inputs: file -> SHA-256 of what was read beside the measured
    file; wavelength: Å, of the beam; derived_from: the linear parameters that derived quantities follow from; trends:
    figures over the members of a stack; look: how figures show it.
    """

    if TYPE_CHECKING:  # held by instances or calculated, and only read

        @property
        def technique(self) -> str: ...
        @property
        def where(self) -> str: ...
        @property
        def x_axis(self) -> Axis: ...
        @property
        def y_axis(self) -> Axis: ...
        @property
        def measured(self) -> Measured: ...
        @property
        def linear(self) -> tuple[str, ...]: ...
        @property
        def requirement(self) -> Any: ...
        @property
        def transform_of(self) -> tuple[str, ...]: ...
        @property
        def inputs(self) -> Mapping[str, str]: ...
        @property
        def wavelength(self) -> float | None: ...
        @property
        def derived_from(self) -> tuple[str, ...]: ...
        @property
        def trends(self) -> tuple[Trend, ...]: ...
        @property
        def look(self) -> Look: ...
    else:
        technique: str
        where: str
        x_axis: Axis
        y_axis: Axis
        measured: Measured
        linear: tuple[str, ...]
        requirement = None
        transform_of = ()
        inputs: Mapping[str, str] = {}
        wavelength = None
        derived_from = ()
        trends = ()
        look = Look()

    def __init_subclass__(cls, own: Iterable[str] = (), **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        _check_names(cls, Model, own, fields_allowed=False)

    @property
    def scale(self) -> str | None:
        """The address of what the whole curve is multiplied by: where it is negative the model is upside down."""
        return next((a for a in self.linear if Address.of(a).local == "scale"), None)

    @abstractmethod
    def curves(self, evaluation: Evaluation) -> FloatArray:
        """Return Φ (n_linear, n_points): the calculated curve is Σ_k c_k Φ_k."""

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Return dΦ/d(address) (n_linear, n_points) for those of `addresses` that the model derives exactly.

        The others are differenced by the refinement.
        """
        return {}

    def background_rows(self) -> tuple[int, ...]:
        """Return which rows of Φ are background rather than sample."""
        return ()

    def derived(self, values: Values) -> Mapping[str, DerivedQuantity]:
        """Return quantities that follow from parameters, by address."""
        return {}

    def ceilings(self, evaluation: Evaluation) -> tuple[Ceiling, ...]:
        """Return what parameters may not exceed together, at the values of the start."""
        return ()

    def nothing_seen(self, evaluation: Evaluation) -> str:
        """Return why the curve says nothing of the sample at the start, where the model knows; else nothing."""
        return ""

    def idle(self) -> Mapping[str, str]:
        """Return addresses of parameters that the curve does not feel -> why, as far as the model knows."""
        return {}

    def of_population(self, name: str) -> tuple[str, ...]:
        """Return the addresses of the data set that mean nothing where a population is not there."""
        return ()

    def parts(self) -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """Return parts of the curve that may not be there: name -> addresses of their amounts, and of the rest."""
        return {}

    def assumptions(self, evaluation: Evaluation) -> tuple[Assumption, ...]:
        """Return what was taken as given beside numbers that are left out, whose quantities say what they claim."""
        return ()

    # ---- noise that only residuals tell -------------------------------------------------------

    @property
    def weighed_by_noise(self) -> bool:
        """Whether the points shall be weighed by the noise that their residuals follow, found in turn."""
        return False

    def fitted_noise(self, evaluation: Evaluation, residual: FloatArray, slopes: FloatArray) -> FittedNoise | None:
        """Return the noise that residuals (n_points,) follow by a law; None where the model knows none.

        slopes: (n_points, n_parameters), the derivatives of the calculated curve by all that was refined.
        """
        return None

    def weighed_by(self, noise: FittedNoise) -> Model:
        """Return the model with its points weighed by a noise that residuals follow."""
        return self

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        """Return contributions to the calculated curve by name, (n_points,) each, linear parameters applied."""
        return {}

    def ticks(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        """Return places on the abscissa that figures mark, by name: the reflections of each phase."""
        return {}

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        """Return sentences on what is unusual about the calculation at these values."""
        return ()

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        """Return a finer curve for figures, or None."""
        return None

    def with_measured(self, measured: Measured) -> Model:
        """Return the model with other measured values at the same points."""
        return replace(self, measured=measured)  # type: ignore[type-var]

    def expecting(self, calculated: FloatArray, coefficients: FloatArray) -> Model:
        """Return the model with counted points weighed by the counts that it expects; itself where none are counted.

        calculated: (n_points,); coefficients: the linear parameters, (n_linear,).
        """
        if not self.measured.is_counted:
            return self
        return self.with_measured(weighed_by_expected(self.measured, calculated))

    def deviances(self, calculated: FloatArray) -> FloatArray:
        """Return the part of each point in the deviance of counted data, signed as observed − calculated, (n_points,).

        The deviance is −2 ln of the likelihood over that of a model that meets each point: the sum of their sizes.
        """
        return signed_deviances(self.measured, calculated)

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return the curve with the noise that the study asks for, and its σ (None without noise)."""
        return calculated, None

    def methods(self) -> tuple[str, ...]:
        """Return paragraphs that say what was computed and how, with references."""
        return ()


@dataclass(frozen=True)
class TransformedTo:
    """How far the transform that makes a data set goes: key and unit of the limit, what is stated, the least of use."""

    key: str
    unit: str
    stated: float
    least: float


class FieldQuantities:
    """The quantities that the fields of a technique carry, as an attribute of its class."""

    def __get__(self, instance: object, owner: type) -> Mapping[str, Quantity]:
        return declared_quantities(owner)


class Technique(Declares, ABC):
    """The description of a data set, as written in a study; one frozen dataclass a technique.

    name: what a study calls it; quantities: the refinable numbers that its fields declare; linear: those of them that
    are linear, left to the fit unless given; derives: what follows from the parameters of its model, by local name;
    needs_sample: whether its curve is calculated from the sample; abscissae:
    the keys that state points where there is no file; restraint: whether it is known beside the data sets and not
    measured over points, so that a plan takes it as it is; counted: whether a simulated curve has noise of counts
    rather than a σ; from_reduction: abscissa and ordinate of what a reduction gives in the place of a file; noise:
    that of a simulated curve.
    """

    name: ClassVar[str]
    quantities: ClassVar[Mapping[str, Quantity]] = FieldQuantities()  # type: ignore[assignment]
    linear: ClassVar[tuple[str, ...]] = ()
    derives: ClassVar[Mapping[str, Derivation]] = {}
    needs_sample: ClassVar[bool] = True
    abscissae: ClassVar[tuple[str, ...]] = ()
    restraint: ClassVar[bool] = False
    counted: ClassVar[bool] = True
    from_reduction: ClassVar[tuple[str, str] | None] = None
    if TYPE_CHECKING:

        @property
        def noise(self) -> Noise | None: ...
        @property
        def file(self) -> Any: ...
    else:
        noise: Noise | None
        file: Any

        def __getattr__(self, name: str) -> None:
            """Return None for what a technique lacks: as an attribute of the class it would be its field's default."""
            if name in ("noise", "file"):
                return
            raise AttributeError(f"{type(self).__name__} has no {name}", name=name, obj=self)

    def __init_subclass__(cls, own: Iterable[str] = (), **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        _check_names(cls, Technique, own, fields_allowed=True)

    @abstractmethod
    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""

    @abstractmethod
    def bind(self, name: str, sample: Any, folder: Path = Path()) -> Model:
        """Read the data and return the model; raises InputError where either cannot be used."""

    # ---- for plans ----------------------------------------------------------------------------

    def declared_as_measured(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return what is declared once there is a file: linear parameters are then left to the fit."""
        return replace(self, file="measured").declared() if self.abscissae else self.declared()  # type: ignore[type-var]

    def on_independent_points(self, where: str) -> tuple[Self, tuple[str, ...]]:
        """Return the data set at points that may be compared as independent ones, and notes on what was changed."""
        return self, ()

    @property
    def transformed_to(self) -> TransformedTo | None:
        """How far the transform that makes these data may go; None where there is no such limit."""
        return None

    def transformed_up_to(self, limit: float, where: str) -> Self:
        """Return the data set of a transform that goes to another limit, with the noise that it then has."""
        raise NotImplementedError(f"{self.name} is no transform")


def _check_names(cls: type, contract: type, own: Iterable[str], *, fields_allowed: bool) -> None:
    """Raise TypeError for a public name of a class that neither the contract nor the class itself declares.

    fields_allowed: whether what is annotated, and no ClassVar, may have any name, as the keys of a study.
    """
    fields = {n for n, kind in get_annotations(cls).items() if "ClassVar" not in str(kind)} if fields_allowed else set()
    known = {n for base in cls.__mro__[1:] for n in _public(base)}
    unknown = sorted(_public(cls) - known - fields - set(own))
    if unknown:
        raise TypeError(
            f"{cls.__name__}.{unknown[0]} is no member of {contract.__name__}; {nearest_names(unknown[0], known)}; "
            f"where it is meant, say class {cls.__name__}({contract.__name__}, own=({unknown[0]!r},))."
        )


def _public(cls: type) -> set[str]:
    """Return the public names that a class itself defines or annotates."""
    return {n for n in {*cls.__dict__, *get_annotations(cls)} if not n.startswith("_")}


def local_parameters(
    quantities: Mapping[str, Quantity], linear: tuple[str, ...], numbers: Mapping[str, Any]
) -> dict[str, tuple[Quantity, Parameter]]:
    """Return declared parameters of a data set from the numbers of its study (None: default, or left to the fit)."""
    entries: dict[str, tuple[Quantity, Parameter]] = {}
    for name, quantity in quantities.items():
        number = numbers.get(name)
        if number is not None:
            entries[name] = (quantity, as_parameter(number))
        elif name in linear:
            entries[name] = (quantity, Parameter(None, linear=True))
        else:
            entries[name] = (quantity, Parameter(quantity.default, left_out=True))
    return entries
