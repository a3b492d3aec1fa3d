"""Something else in the place of a small dataclass: one sentence in every field that holds one, also within mappings.

Which fields those are is read from the annotations of all dataclasses of the package, apart from the checks.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

import nanocrystal as nc
from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares, Parameter
from nanocrystal.parameters.given import _checks
from nanocrystal.sample import Population, Sphere
from nanocrystal.techniques import NmrLines, NmrRelaxation, Pdf, Powder, TotalScattering
from support.modelling import crystal
from support.structures import CUBIC


def classes() -> list[type]:
    for module in pkgutil.walk_packages(nc.__path__, "nanocrystal."):
        if not module.name.startswith("nanocrystal.cli") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def below(owner: type) -> Iterator[type]:
        for each in owner.__subclasses__():
            yield each
            yield from below(each)

    own = (c for c in below(Declares) if c.__module__.startswith("nanocrystal."))
    return sorted({c for c in own if is_dataclass(c)}, key=lambda c: f"{c.__module__}.{c.__qualname__}")


def ours(kind: Any) -> bool:
    return isinstance(kind, type) and kind is not Parameter and is_dataclass(kind)


def choices(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return choices(get_args(kind)[0])
    if get_origin(kind) is Union or type(kind).__name__ == "UnionType":
        return [each for k in get_args(kind) for each in choices(k)]
    return [kind]


def wrong_values(kind: Any) -> list[Any]:
    """Return what stands in the place of a dataclass of ours in a field of a kind; nothing where there is none."""
    options = choices(kind)
    if str in options:  # whatever else it may be, text and what is read are told by the owner
        return []
    if any(ours(o) for o in options):
        return [{"u_iso": 0.02}, 7 + 2j]
    for option in options:
        inner = get_args(option)
        if get_origin(option) is Mapping and any(ours(o) for o in choices(inner[1])):
            return [{"a": {"u_iso": 0.02}}, {"a": "text"}, [1]]
        if get_origin(option) in (Sequence, tuple) and any(ours(o) for o in choices(inner[0])):
            return [[{"u_iso": 0.02}], "text"]
    return []


HOLDING = [
    (owner, field.name, wrong)
    for owner in classes()
    for field in fields(owner)
    for wrong in wrong_values(get_type_hints(owner, include_extras=True)[field.name])
]


def test_the_annotations_hold_dataclasses() -> None:
    held = {(owner.__name__, name) for owner, name, _ in HOLDING}
    assert {("Crystal", "site_overrides"), ("Population", "coating"), ("Pdf", "noise"), ("NmrLines", "lines")} <= held
    assert len(held) > 50


@pytest.mark.parametrize(
    ("owner", "name", "wrong"), HOLDING, ids=[f"{o.__name__}.{n}-{k}" for k, (o, n, _) in enumerate(HOLDING)]
)
def test_a_field_that_holds_dataclasses_refuses_others(owner: type, name: str, wrong: Any) -> None:
    with pytest.raises(InputError) as caught:
        _checks(owner)[name](wrong, f"{owner.__name__}.{name}")
    assert caught.value.where.startswith(f"{owner.__name__}.{name}")
    assert caught.value.problem.startswith("must be ")
    assert ", got " in caught.value.problem


CRYSTAL = crystal(CUBIC)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: crystal(CUBIC, sites={"Pb": {"u_iso": 0.02}}),
            "Crystal.site_overrides['Pb']: must be a SiteOverride, SiteOverride(x=…, y=…, z=…, occupancy=…), got",
        ),
        (
            lambda: Population(CRYSTAL, Sphere(30.0), coating={"thickness": 5.0}),
            "Population.coating: must be a Coating",
        ),  # type: ignore[arg-type]
        (lambda: Population(CRYSTAL, Sphere(30.0), twins={"a": 3}), "Population.twins['a']: must be a TwinFamily"),  # type: ignore[dict-item]
        (lambda: Pdf(r="1:10:0.1", qmax=20.0, noise={"sigma": 1.0}), "Pdf.noise: must be a Noise"),  # type: ignore[arg-type]
        (lambda: Powder(profiles={"a": {"size": 100.0}}), "Powder.profiles['a']: must be a Profile"),  # type: ignore[dict-item]
        (lambda: TotalScattering(blanks={"a": "b.txt"}), "TotalScattering.blanks['a']: must be a Blank"),  # type: ignore[dict-item]
        (lambda: NmrLines(lines=[1]), "NmrLines.lines: must be a mapping by name"),  # type: ignore[arg-type]
        (lambda: NmrRelaxation(kind="echo-decay", parts={"a": 2.0}), "NmrRelaxation.parts['a']: must be a Relax"),  # type: ignore[dict-item]
        (lambda: nc.NmrProcessing(phase={"ph0": 1.0}), 'NmrProcessing.phase: must be a NmrPhase or "auto"'),  # type: ignore[arg-type]
    ],
)
def test_users_read_one_sentence(made: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        made()
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("given", [None, "auto", "auto0"])
def test_words_and_nothing_are_taken_where_they_are_meant(given: Literal["auto", "auto0"] | None) -> None:
    assert nc.NmrProcessing(phase=given).phase == given
    assert crystal(CUBIC, sites={"Pb": nc.SiteOverride(occupancy=0.9)}).site_overrides["Pb"].occupancy == 0.9
