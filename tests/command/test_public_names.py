"""The interface is one table of plain names: all that a user may need is in it, and nothing of it hides another."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pytest

import nanocrystal
from nanocrystal import analysis, reduction, spectra
from nanocrystal.measurement import Technique
from nanocrystal.report.reading import outcomes
from nanocrystal.sample.shapes.distributions import RefinableLength
from nanocrystal.sample.shapes.shape import Shape
from nanocrystal.spectra import batch, processing
from nanocrystal.techniques import TECHNIQUES
from support.paths import ROOT
from support.programs import program

SOURCE = ROOT / "src" / "nanocrystal"


def test_names_stand_once_and_are_there() -> None:
    names = nanocrystal.__all__
    assert len(set(names)) == len(names) == sum(map(len, nanocrystal._HOMES.values())) + 1
    assert dir(nanocrystal) == sorted(names)
    for name in names:
        assert getattr(nanocrystal, name) is not None


def test_names_hide_nothing() -> None:
    """Neither builtins, after `from nanocrystal import *`, nor modules of the package, nor each other."""
    rooms = {path.stem for path in SOURCE.iterdir()}
    assert set(nanocrystal.__all__).isdisjoint(dir(builtins))
    assert set(nanocrystal.__all__).isdisjoint(rooms)
    lowered = [name.lower() for name in nanocrystal.__all__]
    # a nucleus, and what returns it; lines of a spectrum, and the shapes that they may have
    assert {n for n in lowered if lowered.count(n) > 1} == {"isotope", "lines"}


FORMER = {"PowderBlank": "Blank"}
"""name of version 0.1 -> what it stands for now"""


def test_objects_are_called_as_they_are_exported() -> None:
    """So that what is printed, and what messages say, is a name that can be looked up."""
    for name in nanocrystal._HOME_OF:
        what = getattr(nanocrystal, name)
        assert isinstance(what, Mapping) or what.__name__ == FORMER.get(name, name)


def test_stub_and_page_are_those_of_the_table() -> None:
    page = program("make_python_page")
    assert page.STUB.read_text(encoding="utf-8") == page.stub(), "run python tools/make_docs.py"
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run python tools/make_docs.py"


def test_stub_imports_what_is_public() -> None:
    """Read by itself, as a type checker reads it."""
    imported = {
        alias.asname: node.module
        for node in ast.parse((SOURCE / "__init__.pyi").read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    assert sorted(imported) == sorted(nanocrystal.__all__)
    assert all(imported[n] == f"nanocrystal.{home}" for n, home in nanocrystal._HOME_OF.items())


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, nanocrystal; print(*[m for m in sys.modules if m.startswith(('nanocrystal', 'numpy'))])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["nanocrystal", "nanocrystal._version"]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'Pfd'; see nanocrystal\.__all__"):
        nanocrystal.Pfd  # noqa: B018


# ---- what has to be public --------------------------------------------------------------------------


def parts_of(kind: type) -> Iterator[type]:
    """Yield a dataclass and all dataclasses of the package that its fields hold, which whoever makes one needs."""
    yield kind
    hints = get_type_hints(kind)
    for field in fields(kind):
        waiting = [hints[field.name]]
        while waiting:
            hint = waiting.pop()
            waiting += get_args(hint)
            if isinstance(hint, type) and is_dataclass(hint) and hint is not kind:
                yield from parts_of(hint)


def concrete(base: type) -> Iterator[type]:
    """Yield the classes that derive from a base and are meant to be made: those with a name of their own."""
    for kind in base.__subclasses__():
        if kind.__module__.startswith("nanocrystal.") and getattr(kind, "name", None):
            yield kind
        yield from concrete(kind)


def is_public(kind: Any) -> bool:
    return getattr(nanocrystal, kind.__name__, None) is kind and kind.__name__ in nanocrystal.__all__


NOT_MADE_BY_USERS = {"SuppliedCurve", "Expression"}
"""what readers, and the tie of a parameter, put into a field"""


@pytest.mark.parametrize("technique", TECHNIQUES.values(), ids=list(TECHNIQUES))
def test_techniques_and_their_parts_are_public(technique: type[Technique]) -> None:
    parts = {part for part in parts_of(technique) if part.__name__ not in NOT_MADE_BY_USERS}
    assert [part.__name__ for part in parts if not is_public(part)] == []


def test_shapes_are_public() -> None:
    shapes = list(concrete(Shape))
    assert len(shapes) >= 11
    assert [shape.__name__ for shape in shapes if not is_public(shape)] == []


def test_what_a_length_may_be_is_public() -> None:
    [argument] = [a for n, a in get_type_hints(RefinableLength).items() if n == "length"]
    kinds = [k for k in get_args(argument) if isinstance(k, type) and k.__module__.startswith("nanocrystal.")]
    assert len(kinds) == 3  # a parameter, a distribution, a histogram
    assert [k.__name__ for k in kinds if not is_public(k)] == []


def test_what_a_sample_is_made_of_is_public() -> None:
    parts = {part for part in parts_of(nanocrystal.Population) if not issubclass(part, Shape)}
    made = {part for part in parts if part.__name__ not in NOT_MADE_BY_USERS}
    made |= {nanocrystal.Substitution, nanocrystal.SiteOverride, nanocrystal.Exponential, nanocrystal.SizeLaw}
    assert len(made) >= 8
    assert [part.__name__ for part in made if not is_public(part)] == []


@pytest.mark.parametrize(
    "room", [analysis, reduction, spectra, batch, processing], ids=lambda room: room.__name__.partition(".")[2]
)
def test_rooms_of_functions_are_public(room: ModuleType) -> None:
    """All that these rooms offer, by the names that they have there."""
    assert [name for name in room.__all__ if getattr(nanocrystal, name, None) is not getattr(room, name)] == []


OWN = {
    "analysis.box": {"Box", "box_of"},
    "analysis.estimate": {"checked_series"},
    "analysis.small_angle": {"checked_curve"},
    "analysis.peak_group": {"GroupData", "GroupFit", "Trial", "peaks_of"},
    "analysis.maximum_entropy": {"Entropic"},
}
"""module -> what other analyses use of it, and nobody else"""


@pytest.mark.parametrize("path", sorted((SOURCE / "analysis").glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_each_analysis_is_public_with_what_it_returns(path: Path) -> None:
    module = importlib.import_module(f"nanocrystal.analysis.{path.stem}")
    made_here = [
        name
        for name, what in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(what) or inspect.isclass(what))
        and what.__module__ == module.__name__
    ]
    own = OWN.get(f"analysis.{path.stem}", set())
    assert made_here
    assert [name for name in made_here if name not in own and not is_public(getattr(module, name))] == []


@pytest.mark.parametrize("module", ["report.analysis_figures", "report.nmr.figures"])
def test_each_figure_of_an_analysis_is_public(module: str) -> None:
    home = importlib.import_module(f"nanocrystal.{module}")
    figures = [n for n, f in vars(home).items() if inspect.isfunction(f) and n.endswith("_figure")]
    assert len(figures) >= 3
    assert [n for n in figures if not n.startswith("_") and n not in nanocrystal.__all__] == []


RESULTS = ("Result", "Comparison", "SeriesResult", "Posterior", "Plan", "ReductionResult")


def test_results_are_public() -> None:
    """Those of the verbs, and all that come back from a folder."""
    assert [name for name in RESULTS if not is_public(getattr(nanocrystal, name))] == []
    assert [kind.__name__ for kind in outcomes() if not is_public(kind)] == []


RETURNED = {
    "refine": "Result",
    "compare": "Comparison",
    "refined_series": "SeriesResult",
    "sample_posterior": "Posterior",
    "plan_measurement": "Plan",
    "read_study": "Study",
    "read_curve": "Curve",
    "read_nmr": "NmrData",
    "read_cif": "CifStructure",
    "read_reductions": "Reductions",
    "nmr_spectrum": "NmrSpectrum",
    "fit_batch": "BatchFit",
    "fit_shared": "SharedFit",
    "reduced_pattern": "ReducedPattern",
    "integrated_image": "IntegratedImage",
    "isotope": "Isotope",
}


def test_what_functions_return_is_public() -> None:
    for function, kind in RETURNED.items():
        assert get_type_hints(getattr(nanocrystal, function))["return"] is getattr(nanocrystal, kind)


VERSION_0_1 = """Atoms Blank Brick Bulk Cluster Coating Comparison Composition Crystal Cube Cylinder Distribution
Exponential FixedBody Histogram InputError Line NanocrystalError NmrLines NmrRelaxation Noise Octahedron
Options Parameter Pdf Platelet Population Powder PowderBlank Prism Profile RefinementError RelaxationPart Result Sample
Saxs Shell SiteOverride SizeLaw Sphere Stacking Study Substitution TotalScattering TwinFamily __version__
cluster_intensity compare comparison_html fixed plan_measurement read_candidates read_study refine report_html
sample_posterior simulated_curves tied vary write_comparison write_result"""


def test_names_of_version_0_1_are_still_there() -> None:
    assert set(VERSION_0_1.split()) <= set(nanocrystal.__all__)
