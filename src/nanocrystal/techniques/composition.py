"""Composition of the sample: ratios of the numbers of atoms, as from EDX, ICP or XPS, each with its uncertainty.

Definition
    "Cl/Pb" = N(Cl)/N(Pb), "Cl/(Br+Cl)" = N(Cl)/(N(Br) + N(Cl)), with N the atoms of an element in all
    populations by their amounts: sites by multiplicity and occupancy, second elements by their fraction, shells
    by their volume, sizes by their number, coatings by their volume where their formula is given. What is not in
    the model, such as ligands, does not count: give no ratio with C, N or O of ligands. The whole depth of the
    crystals counts, so XPS of crystals that are wider than a few nanometres and not alike throughout sees other
    ratios.

Fitting
    Each ratio is one point with the weight 1/σ², beside the points of other data sets: a restraint. It counts as
    an independent measurement, so ratios that follow from each other ("Cl/Pb", "Br/Pb" and "Cl/Br") are refused.
    Ratios over one element still share its error; where that is the larger part of σ, ratios without it
    say more surely what is meant, such as "Cl/(Br+Cl)" for the halides.
    calibration multiplies all calculated ratios: 1, unless the sensitivity to the element below the line is to be
    found from the other data sets.

Checked against
    counts by hand of mixed halides, vacancies, shells and mixtures; the kinds of atoms that scattering counts;
    standard errors of a fraction from scattering and composition together against their inverse variances.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.measurement import Axis, Measured, Model, Technique, local_parameters
from nanocrystal.parameters import Claim, Evaluation, Number, Parameter, Quantity, of_measurement
from nanocrystal.sample import Sample
from nanocrystal.tables.elements import is_element

FloatArray = NDArray[np.float64]
FAR = 3.0
"""σ from which on a ratio is remarked on"""


@dataclass(frozen=True)
class Composition(Technique):
    """Ratios of numbers of atoms that are known beside the curves, as from EDX, ICP or XPS."""

    ratios: Annotated[
        Mapping[str, tuple[float, float]],
        'ratios of numbers of atoms, such as "Cl/Pb" or "Cl/(Br+Cl)", each [value, standard deviation]',
    ] = field(default_factory=dict)
    calibration: Annotated[
        Number | None,
        Quantity(
            "calibration",
            "",
            "factor on all calculated ratios",
            1.0,
            0.1,
            10.0,
            scale=0.1,
            meaning=of_measurement("calibration", "of all calculated ratios of atoms"),
            claim=Claim("the sensitivities to all elements are right", other=1.05, either_way=True),
        ),
    ] = None

    name: ClassVar[str] = "composition"
    restraint: ClassVar[bool] = True

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        return local_parameters(self.quantities, self.linear, {"calibration": self.calibration})

    def bind(self, name: str, sample: Sample, folder: Path = Path()) -> CompositionModel:
        """Return the model of this data set; raises InputError for ratios that cannot be used."""
        where = f"datasets.{name}"
        if not self.ratios:
            raise InputError(f"{where}.ratios", f"has no ratio; give at least one, such as {EXAMPLE}.")
        known = _elements_of(sample)
        ratios = [_parsed(key, f"{where}.ratios.{key}", known) for key in self.ratios]
        for ratio, (key, measurement) in zip(ratios, self.ratios.items(), strict=True):
            _check_measured(ratio, measurement, f"{where}.ratios.{key}")
        _check_independent(ratios, where)
        observed, sigma = np.array(list(self.ratios.values()), dtype=np.float64).T
        if not observed.any():
            raise InputError(
                f"{where}.ratios",
                "are all measured as 0, of which R_w is no part; turn one of them round, such as "
                '"Br/(Br+Cl)" = [1.0, 0.02] for "Cl/(Br+Cl)" = [0.0, 0.02].',
            )
        places = np.arange(1.0, len(observed) + 1.0)
        weights = "1/σ² with the σ of the study"
        measured = Measured(places, observed, sigma, weights, "the study", None, labels=tuple(self.ratios))
        return CompositionModel(where=where, sample=sample, measured=measured, ratios=tuple(ratios))


EXAMPLE = '"Cl/Pb" = [0.92, 0.06], its value and standard deviation'


@dataclass(frozen=True)
class Ratio:
    """Elements above and below the line, and the text that says so."""

    text: str
    above: tuple[str, ...]
    below: tuple[str, ...]

    def of(self, amounts: Mapping[str, float]) -> float:
        """Return the ratio of these amounts; not a number where there is nothing below the line."""
        above, below = (sum(amounts.get(e, 0.0) for e in side) for side in (self.above, self.below))
        return above / below if below > 0.0 else math.nan

    def slopes(self, amounts: Mapping[str, float]) -> list[float]:
        """Return how the logarithm of the ratio changes with that of each amount."""
        above, below = (sum(amounts[e] for e in side) for side in (self.above, self.below))
        return [n * ((e in self.above) / above - (e in self.below) / below) for e, n in amounts.items()]


@dataclass(frozen=True, kw_only=True)
class CompositionModel(Model, own=("sample", "ratios")):
    """Ratios bound to a sample."""

    where: str
    sample: Sample
    measured: Measured
    ratios: tuple[Ratio, ...]

    technique = Composition.name
    x_axis = Axis("elements", "")
    y_axis = Axis("atomic_ratio", "")

    @property
    def linear(self) -> tuple[str, ...]:
        return (f"{self.where}.calibration",)

    def curves(self, evaluation: Evaluation) -> FloatArray:
        amounts = self.sample.element_amounts(evaluation)
        calculated = np.array([[ratio.of(amounts) for ratio in self.ratios]])
        for ratio, value in zip(self.ratios, calculated[0], strict=True):
            if math.isnan(value):
                raise InputError(
                    f"{self.where}.ratios.{ratio.text}",
                    f"the sample holds no {' or '.join(ratio.below)} at these values, so the ratio is infinite; "
                    "turn it round, or start with some.",
                )
        return calculated

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        """Return a sentence for each ratio that the model misses by far."""
        calculated = evaluation.values[self.linear[0]] * self.curves(evaluation)[0]
        assert self.measured.observed is not None
        assert self.measured.sigma is not None
        rows = zip(self.ratios, self.measured.observed, self.measured.sigma, calculated, strict=True)
        return tuple(
            f"{ratio.text} was measured as {value:.4g} ± {sigma:.2g}, the model has {model:.4g}, "
            f"{abs(model - value) / sigma:.1f} σ from it."
            for ratio, value, sigma, model in rows
            if abs(model - value) > FAR * sigma
        )

    def methods(self) -> tuple[str, ...]:
        return (
            "Ratios of numbers of atoms were calculated from all populations by their amounts and entered the fit as "
            "restraints, each with the weight 1/σ² of its stated standard deviation.",
        )


# ---- what may be written ----------------------------------------------------------------------------


def _elements_of(sample: Sample) -> list[str]:
    crystals = [e for c in sample.crystals.values() for e in c.elements]
    clusters = [e for p in sample.populations.values() for e in p.shape.species]
    coatings = [e for p in sample.populations.values() if p.coating is not None for e in p.coating.atoms]
    return sorted({*crystals, *clusters, *coatings})


def _parsed(text: str, where: str, known: Sequence[str]) -> Ratio:
    """Return the ratio that a text such as Cl/(Br+Cl) stands for, of known elements; raises InputError otherwise."""
    sides = text.replace(" ", "").split("/")
    if len(sides) != 2 or not all(sides):
        raise InputError(where, f'must be a ratio of elements such as "Cl/Pb" or "Cl/(Br+Cl)", got {text!r}.')
    above, below = (_side(side, where, known) for side in sides)
    if sorted(above) == sorted(below):
        raise InputError(where, "is the ratio of something to itself, which is always 1; leave it out.")
    return Ratio(text, above, below)


def _side(text: str, where: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the elements of one side of a ratio."""
    if "+" in text and not (text.startswith("(") and text.endswith(")")):
        raise InputError(where, f"a sum stands in parentheses, such as Cl/(Br+Cl); write ({text.strip('()')}).")
    elements = tuple(text.removeprefix("(").removesuffix(")").split("+"))
    for element in elements:
        if not is_element(element):
            raise InputError(where, f"{element!r} is not the symbol of an element; {nearest_names(element, known)}")
        if element not in known:
            raise InputError(where, f"there is no {element} in the sample; {nearest_names(element, known)}")
        if elements.count(element) > 1:
            raise InputError(where, f"{element} stands twice in one sum; keep one.")
    return elements


def _check_measured(ratio: Ratio, measurement: tuple[float, float], where: str) -> None:
    """Raise InputError for a value or standard deviation that no measurement has."""
    value, sigma = measurement
    if not (math.isfinite(value) and value >= 0.0):
        raise InputError(where, f"the value must be a number of at least 0, got {value:g}.")
    if not (math.isfinite(sigma) and sigma > 0.0):
        raise InputError(where, f"the standard deviation must be above 0, got {sigma:g}.")
    if set(ratio.above) <= set(ratio.below) and value > 1.0:
        percent = f"; if it is in percent, write [{value / 100.0:g}, {sigma / 100.0:g}]"
        raise InputError(
            where, f"is a part of a whole and at most 1, got {value:g}{percent if value <= 100.0 else ''}."
        )


def _check_independent(ratios: Sequence[Ratio], where: str) -> None:
    """Raise InputError for a ratio that follows from those before it: it would be counted twice.

    Told from the logarithms of the ratios at amounts that stand in no simple proportion.
    """
    elements = sorted({e for r in ratios for e in (*r.above, *r.below)})
    amounts = {e: math.sqrt(2.0 + math.pi * k) for k, e in enumerate(elements)}
    rows = np.array([r.slopes(amounts) for r in ratios])
    for k in range(1, len(ratios)):
        if np.linalg.matrix_rank(rows[: k + 1], tol=1e-9) <= k:
            before = ", ".join(r.text for r in ratios[:k])
            raise InputError(
                f"{where}.ratios.{ratios[k].text}",
                f"follows from {before}; each ratio counts as a measurement of its own, so leave one of them out.",
            )
