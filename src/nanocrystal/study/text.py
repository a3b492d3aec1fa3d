"""The TOML text of a study, from its objects: what `read_study` reads back as equal ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nanocrystal.data import resolved_path
from nanocrystal.data.supplied import SuppliedCurve
from nanocrystal.errors import InputError
from nanocrystal.sample import Cluster, Histogram, Population, Sample
from nanocrystal.sample.crystal.cif import CifStructure, parse_cif
from nanocrystal.sample.crystal.structure_files import LIBRARY, structure_of_file
from nanocrystal.study.candidates import check_measured
from nanocrystal.study.content import Content, check_names, content_of, plain
from nanocrystal.study.overlay import common_part, laid_over
from nanocrystal.tables.library import library_name, library_text
from nanocrystal.techniques import TECHNIQUES

if TYPE_CHECKING:
    from pathlib import Path

    from nanocrystal.study.study import Study

NUMBER = {"value", "tie"}
"""keys of which a table in the place of a number has one"""
LONGEST_LINE = 100
"""characters of a table that stands in one line; a longer one has a header"""


def study_text(study: Study) -> str:
    """Return the text of a study with its candidates; raises InputError, with the address, for what it cannot say."""
    content = study_content(study)
    check_names(study.candidates, "candidates")
    candidates = {n: _candidate(n, s, content, study.folder) for n, s in study.candidates.items()}
    return toml_text(content | ({"candidates": candidates} if candidates else {}))


def candidates_text(title: str, studies: Mapping[str, Study], folder: Path) -> str:
    """Return the text of candidates whose study is not complete without them: what all have stands in the study."""
    check_names(studies, "candidates")
    contents = {n: study_content(s) for n, s in studies.items()}
    base: Content = common_part([{k: v for k, v in c.items() if k != "title"} for c in contents.values()])
    base = ({"title": title} if title else {}) | base
    return toml_text(base | {"candidates": {n: _candidate(n, s, base, folder) for n, s in studies.items()}})


def _candidate(name: str, study: Study, base: Content, folder: Path) -> Content:
    """Return the table of a candidate: what of it differs from the study, which stands in a folder."""
    from nanocrystal.study.whole import CandidateTable

    if study.candidates or study.folder != folder:
        where = f"stands in {study.folder}, the study in {folder}"
        problem = "has candidates of its own" if study.candidates else where
        raise InputError(f"candidates.{name}", f"{problem}; a candidate is a part of the file of the study.")
    content = study_content(study)
    usual = f"{base['title']}: {name}" if "title" in base else ""
    title = content.pop("title", "")
    changed, dropped = laid_over(content, {k: v for k, v in base.items() if k != "title"})
    for key in {*changed, *(d.partition(".")[0] for d in dropped)} - CandidateTable.model_fields.keys():
        raise InputError(
            f"candidates.{name}.{key}", "is another one than that of the study; candidates have it in common."
        )
    check_measured(changed, base)
    of_candidate = {"description": study.description, "drop": dropped}
    return {k: v for k, v in of_candidate.items() if v} | ({} if title == usual else {"title": title}) | changed


# ---- the parts of a study -------------------------------------------------------------------------


def study_content(study: Study) -> Content:
    """Return a study as nested tables of plain values, without its candidates."""
    _ = study.parameters  # refuses numbers outside their limits, and ties to nothing
    sample, folder = study.sample, study.folder
    _check_files(sample, folder)
    for kind, names in (
        ("crystals", sample.crystals),
        ("populations", sample.populations),
        ("datasets", study.datasets),
    ):
        check_names(names, kind)
    content = {
        "title": study.title,
        "crystals": {n: content_of(c, f"crystals.{n}") for n, c in sample.crystals.items()},
        "populations": {n: _population(p, f"populations.{n}") for n, p in sample.populations.items()},
        "datasets": {n: _dataset(d, study, f"datasets.{n}") for n, d in study.datasets.items()},
        "reduction": {n: content_of(t, f"reduction.{n}") for n, t in study.reductions.items()},
        "refine": content_of(study.options, "refine"),
        "plan": {} if study.planned is None else content_of(study.planned, "plan"),
    }
    needed = {"datasets"} | ({"populations"} if not study.datasets else set()) | ({"plan"} if study.planned else set())
    return {k: v for k, v in content.items() if v or k in needed}


def _population(population: Population, where: str) -> Content:
    from nanocrystal.study.schema import SHAPES

    basis, more = population.fraction_basis, content_of(population, where)
    usual = population.fraction == 1.0 and basis == "mass_fraction" and isinstance(population.fraction, float)
    fraction: Content = {} if usual else {basis: plain(population.fraction, f"{where}.{basis}")}
    shape = population.shape
    if shape.explicit is not None:
        for key in more:
            raise InputError(f"{where}.{key}", "is for crystals, and a study says nothing of it for explicit atoms.")
        return {"shape": shape.name, **content_of(shape, where), **fraction}
    if SHAPES.get(shape.name) is not type(shape):
        known = ", ".join(SHAPES)
        raise InputError(f"{where}.shape", f"a study knows no shape {type(shape).__name__}; it knows {known}.")
    first = {"crystal": more.pop("crystal"), "shape": shape.name}
    return {**first, **content_of(shape, where), **fraction, **more}


def _dataset(dataset: Any, study: Study, where: str) -> Content:
    from nanocrystal.study.reduction.curve import OfReduction

    if TECHNIQUES.get(dataset.name) is not type(dataset):
        known = ", ".join(TECHNIQUES)
        raise InputError(where, f"a study knows no technique {type(dataset).__name__}; it knows {known}.")
    technique = {"technique": dataset.name}
    curve = dataset.file
    if not isinstance(curve, SuppliedCurve):
        return technique | content_of(dataset, where)
    its = (curve.table, curve.folder) if isinstance(curve, OfReduction) else None
    if not isinstance(curve, OfReduction) or its != (study.reductions.get(curve.name), study.folder):
        problem = "was made in Python, and a study names a file or one of its reductions; write the curve to a file."
        raise InputError(f"{where}.file", problem)
    return technique | {"reduction": curve.name} | content_of(dataset, where, but=("file",))


def _check_files(sample: Sample, folder: Path) -> None:
    """Raise InputError for a structure, cluster or table that differs from the file that a study would name."""
    for where, source, made, read in _files(sample, folder):
        problem = "is named by its file in a study; write it to one and read it from there"
        try:
            again = read()
        except InputError as error:
            raise InputError(where, f"{problem}: {error.problem}") from None
        if not all(np.array_equal(getattr(made, f.name), getattr(again, f.name)) for f in fields(made)):
            raise InputError(where, f"{problem}: {source} holds another.")


def _files(sample: Sample, folder: Path) -> Iterator[tuple[str, str, Any, Callable[[], Any]]]:
    """Yield address, file as a study names it, what was read from it, and how it is read again."""
    from nanocrystal.study.study import read_body, read_histogram

    for name, crystal in sample.crystals.items():
        where, made = f"crystals.{name}.cif", crystal.structure
        yield where, made.source, made, partial(_structure, made, folder, where)
    for name, population in sample.populations.items():
        where, shape = f"populations.{name}", population.shape
        if shape.explicit is not None:
            cluster = shape.explicit
            yield f"{where}.file", cluster.source, cluster, partial(_cluster, cluster.source, folder, f"{where}.file")
            continue
        if shape.listed and shape.source:
            read_again = partial(read_body, type(shape), shape.source, folder, where, shape.facets)
            yield f"{where}.file", shape.source, shape, read_again
        for key, length in vars(shape).items():
            if isinstance(length, Histogram) and length.source:
                read = partial(read_histogram, length.source, folder, f"{where}.{key}", length.factor)
                yield f"{where}.{key}.file", length.source, length, read


def _structure(made: CifStructure, folder: Path, where: str) -> CifStructure:
    """Return the structure that a study would read in the place of this one."""
    if made.source.startswith(LIBRARY):
        return parse_cif(library_text(library_name(made.source.removeprefix(LIBRARY), where)), made.source)
    path = resolved_path(made.source, folder, where)
    return structure_of_file(path, where, made.source, made.block, made.setting)


def _cluster(source: str, folder: Path, where: str) -> Cluster:
    return Cluster.read(resolved_path(source, folder, where), where, source)


# ---- the text -------------------------------------------------------------------------------------


def toml_text(content: Content) -> str:
    """Return nested tables of plain values as TOML: small ones in a line, others under headers."""
    import tomlkit

    document = tomlkit.document()
    _fill(document, content, depth=0)
    return tomlkit.dumps(document).strip("\n") + "\n"


def _fill(table: Any, content: Content, depth: int) -> None:
    """Put the values of a table into one of tomlkit, those under headers last."""
    import tomlkit

    headed = _headed(content, depth)
    for key, value in content.items():
        if key not in headed:
            table.add(key, _inline(value))
    for key in headed:
        only_headers = bool(content[key]) and len(_headed(content[key], depth + 1)) == len(content[key])
        inner = tomlkit.table(is_super_table=only_headers)
        _fill(inner, content[key], depth + 1)
        table.add(key, inner)


def _headed(content: Content, depth: int) -> list[str]:
    """Return which values stand under headers: tables that are long, and those behind them, to keep their order."""
    tables = [k for k, v in content.items() if isinstance(v, Mapping) and not NUMBER & set(v)]
    long = (
        n for n, k in enumerate(tables) if depth < 2 or len(k) + len(_inline(content[k]).as_string()) > LONGEST_LINE
    )
    return tables[next(long, len(tables)) :]


def _inline(value: Any) -> Any:
    """Return a value as it stands in a line."""
    import tomlkit

    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        items = [(k, _inline(v)) for k, v in value.items()]
        if items:
            items[0][1].trivia.indent, items[-1][1].trivia.trail = " ", " "
        for key, item in items:
            table.append(key, item)
        return table
    if isinstance(value, Sequence) and not isinstance(value, str):
        array = tomlkit.array()
        for item in value:
            array.append(_inline(item))
        return array
    return tomlkit.item(value)
