"""Every module has a test: one that mirrors it, one of its room that imports it, or one that is named here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from support.paths import ROOT, TESTS

SOURCE = ROOT / "src" / "nanocrystal"
COVERED: dict[str, dict[str, str]] = {
    ".": {
        "command/test_cluster_intensity": "verbs",
        "command/test_cost": "cost",
        "data/test_reading": "errors text",
        "command/test_file_names": "filenames",
        "command/test_start": "lazy",
        "command/test_stopped": "stopping",
        "refinement/test_threads": "linear_algebra",
        "report/test_reading": "arrays",
        "report/test_together": "systems",
        "running/test_pool": "processes",
        "techniques/powder/test_profile": "simulation",
    },
    "analysis": {
        "analysis/test_cubic_metric": "estimate peak_group",
        "command/test_python_interface": "spectra",
        "techniques/test_nmr_measured_shape": "nmr_solids",
        "techniques/test_nmr_relaxation": "nmr_relaxation",
    },
    "cli": {
        "command/test_cli": "common core progress",
        "command/test_nmr": "nmr",
        "command/test_posterior": "posterior",
        "command/test_stopped": "streams",
        "house/test_way_out": "app",
        "refinement/design/test_plan": "plan",
        "running/test_series": "series",
        "study/test_reduction": "reduce",
    },
    "data": {
        "command/test_python_interface": "arrays",
        "data/test_nmr_damaged": "nmr_jcamp nmr_jeol nmr_varian",
        "data/test_nmr_reading": "nmr_pipe",
        "data/test_nmr_reading_wrong": "nmr_bruker nmr_foreign nmr_simpson nmr_text",
        "data/test_nxcansas": "hdf5 hdf5_apart",
        "data/test_pdf_layouts": "pdfgui_project",
        "data/test_reading": "conventions curve lines table",
        "data/test_small_angle": "cansas",
        "spectra/processing/test_spectrum": "nmr_data",
        "study/test_to_toml": "supplied",
    },
    "data/xas": {
        "data/xas/test_reading": "athena scan signal xdi",
    },
    "data/powder": {
        "data/powder/test_bruker": "binary bruker_brml bruker_raw bruker_raw4 unread uxd",
        "data/powder/test_gsas": "gsas_rows",
    },
    "kernels": {
        "kernels/test_kernels": "_moments_numba _pairs_numba",
        "sample/shapes/test_scattering_bodies": "_bodies_numba bodies",
        "spectra/batch/test_fit": "_batched_jit _batched_numba _batched_voigt",
        "spectra/test_lines": "polynomials",
        "techniques/powder/test_profile": "_profile_numba profile",
    },
    "measurement": {
        "command/test_cluster_intensity": "named",
        "measurement/test_points": "blanks counted curve curve_model curve_technique keys",
        "techniques/test_nmr_lines": "summed",
        "truth/test_total_scattering": "derivatives",
    },
    "measurement/nmr": {
        "measurement/test_points": "points",
        "techniques/test_nmr_lines": "lines",
        "techniques/test_nmr_relaxation": "columns",
        "techniques/test_nmr_measured_shape": "shapes",
    },
    "parameters": {
        "command/test_python_interface": "address given",
        "refinement/test_assumed": "claim",
        "parameters/test_ties": "declaration derived expression number parameter parameter_set values",
        "techniques/test_all_techniques": "difference evaluation",
    },
    "reduction": {
        "reduction/test_image": "image_bins image_exposures image_files image_pixels image_settings",
        "reduction/test_parts": "differential",
        "reduction/test_unchanged": "intensity",
        "report/test_reduction_result": "image_views",
        "truth/test_reduction": "composition physical reduction structure sum_rules",
    },
    "reduction/xas": {
        "reduction/xas/test_reduced": "autobk edge scans settings",
    },
    "refinement": {
        "refinement/test_comparison": "verdict",
    },
    "refinement/design": {
        "refinement/design/test_plan": "bench information",
    },
    "refinement/posterior": {
        "command/test_posterior": "workers",
        "refinement/posterior/test_posterior": "findings marginal",
    },
    "report": {
        "command/test_stopped": "rescue",
        "report/test_html": "files",
        "report/test_series": "versions",
    },
    "report/compared": {
        "report/test_comparison": "page",
        "report/test_several": "files",
    },
    "report/explicit": {
        "report/test_outcomes": "page result",
    },
    "report/nmr": {
        "command/test_nmr": "spectrum",
        "report/test_outcomes": "result",
        "techniques/test_nmr_relaxation": "figures",
    },
    "report/page": {
        "report/test_html": "tables",
    },
    "report/plan": {
        "report/test_plan_result": "figures page version_0_1 words",
    },
    "report/posterior": {
        "command/test_posterior": "figures",
        "report/test_posterior_result": "chain page version_0_1 words",
    },
    "report/refined": {
        "report/test_html": "page",
        "report/test_outcomes": "words",
        "report/test_reading": "version_0_1",
        "sample/explicit/test_pictures": "atoms",
        "techniques/test_composition": "ratio_figure",
        "techniques/test_nmr_titration": "stack_figure",
    },
    "report/scattered": {
        "report/test_outcomes": "page result",
    },
    "report/simulated": {
        "report/test_outcomes": "page result",
    },
    "report/texts": {
        "report/test_outcomes": "result",
    },
    "running": {
        "command/test_compare": "candidates",
        "command/test_python_interface": "kept",
        "running/test_series": "described gathered joint",
    },
    "sample": {
        "sample/test_derived": "derivations named sample",
        "techniques/test_composition": "population",
        "techniques/test_nmr_sites": "surroundings",
    },
    "sample/crystal": {
        "command/test_atoms": "clusters",
        "sample/crystal/test_agreement": "agreement content stated_content stated_symmetry verdict",
        "sample/crystal/test_cif_and_symmetry": "crystal crystal_now",
        "sample/crystal/test_structure_files": "listed ncmat pdffit pdfgui poscar",
        "sample/crystal/test_tilts": "settings",
    },
    "sample/explicit": {
        "command/test_atoms": "atom_list",
        "sample/explicit/test_sizes_and_atoms": "bodies",
    },
    "sample/pairs": {
        "sample/surface/test_size_law": "slices",
        "truth/test_total_scattering": "assembly lattice_pairs lattice_sum lattice_symmetry pair_structure",
    },
    "sample/shapes": {
        "sample/shapes/test_all_shapes": "atoms correlated curved prisms shape",
    },
    "spectra": {
        "spectra/processing/test_spectrum": "arpls",
    },
    "spectra/batch": {
        "spectra/batch/test_fit": "plain repair run",
    },
    "spectra/processing": {
        "command/test_written": "options",
    },
    "study": {
        "command/test_start": "whole",
        "command/test_atoms": "explicit",
        "command/test_compare": "candidate_set",
        "command/test_new": "new new_small_angle",
        "command/test_python_interface": "run",
        "command/test_wrong_input_study": "messages",
        "house/test_declarations": "fields tables",
        "study/test_disorder": "structures",
    },
    "tables": {
        "analysis/test_nmr_sensitivity": "isotopes viscosity",
        "kernels/test_kernels": "form_factors",
        "reduction/test_parts": "beam elements incoherent",
        "sample/crystal/test_tilts": "ionic_radii",
        "sample/surface/test_coating": "formula",
        "techniques/powder/test_profile": "xray_tubes",
        "techniques/test_nmr_relaxation": "cs133_relaxation",
        "techniques/test_saxs": "solvents",
    },
    "techniques/exafs": {
        "techniques/exafs/test_technique": "model paths",
    },
    "techniques/pdf": {
        "techniques/pdf/test_derivatives": "model technique transform",
    },
    "techniques/powder": {
        "techniques/powder/test_refinement": "beam free phase technique",
    },
    "techniques/total_scattering": {
        "truth/test_total_scattering": "instrument model technique",
    },
}
"""folder of the source -> test that covers it -> modules; made once by watching which modules the tests call"""


def modules() -> list[Path]:
    """Return all modules, from the folder of the package."""
    found = (path.relative_to(SOURCE) for path in sorted(SOURCE.rglob("*.py")))
    return [path for path in found if path.name not in ("__init__.py", "_version.py")]


def mirrors(module: Path) -> Iterator[Path]:
    """Yield where a test, or a folder of tests, of the name of a module or of its package would stand."""
    name = module.stem.lstrip("_")
    yield TESTS / module.parent / f"test_{name}.py"
    yield TESTS / module.parent / name
    if len(module.parts) > 2:
        yield TESTS / module.parent.parent / f"test_{module.parent.name}.py"


@cache
def imported_in(room: str) -> frozenset[str]:
    """Return what the tests of a room import of the package."""
    names: set[str] = set()
    for path in (TESTS / room).rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names |= {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
    return frozenset(names)


def has_a_test_of_its_own(module: Path) -> bool:
    """Say whether a test mirrors a module, or one of its room imports it."""
    dotted = ".".join(("nanocrystal", *module.with_suffix("").parts))
    return any(path.exists() for path in mirrors(module)) or dotted in imported_in(module.parts[0])


def listed() -> dict[Path, str]:
    """Return module -> test of those that are named here."""
    return {
        Path(folder) / f"{name}.py": test
        for folder, tests in COVERED.items()
        for test, names in tests.items()
        for name in names.split()
    }


def test_every_module_has_a_test() -> None:
    without = [str(m) for m in modules() if not has_a_test_of_its_own(m) and m not in listed()]
    assert without == [], "write tests/ROOM/test_MODULE.py, or name in COVERED the test that calls it"


def test_what_is_named_is_there() -> None:
    assert [str(m) for m in listed() if not (SOURCE / m).is_file()] == []
    assert [test for test in {*listed().values()} if not (TESTS / f"{test}.py").is_file()] == []


def test_each_module_is_named_once() -> None:
    named = [f"{f}/{n}" for f, tests in COVERED.items() for names in tests.values() for n in names.split()]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize(("module", "own"), [("spectra/decays.py", True), ("sample/pairs/slices.py", False)])
def test_the_finder_finds(module: str, own: bool) -> None:
    assert has_a_test_of_its_own(Path(module)) == own
