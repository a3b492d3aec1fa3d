"""Reading a study file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanocrystal.data import resolve
from nanocrystal.errors import InputError
from nanocrystal.parameters import ParameterSet
from nanocrystal.refine import Options, Result, declared_parameters, refine
from nanocrystal.refine.optimise import Progress
from nanocrystal.sample import MOTION, Atoms, Bulk, Cluster, Crystal, Population, Sample, Shape, SiteOverride, Sphere
from nanocrystal.sample.population import FRACTIONS
from nanocrystal.techniques import TECHNIQUES
from nanocrystal.techniques.base import Noise


@dataclass(frozen=True)
class Study:
    """A sample and its data sets, as a file states them."""

    title: str
    sample: Sample
    datasets: Mapping[str, Any]
    options: Options
    path: Path
    text: str

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.path.parent

    @property
    def parameters(self) -> ParameterSet:
        """All parameters by address."""
        return declared_parameters(self.sample, self.datasets)

    def refine(self, progress: Progress | None = None) -> Result:
        """Refine the sample against the data sets."""
        return refine(
            self.sample, self.datasets, title=self.title, options=self.options, folder=self.folder, progress=progress
        )


def read_study(path: str | Path) -> Study:
    """Read a study file; raises InputError, with file, line and key, for anything that cannot be meant."""
    path = Path(path)
    text = _text_of(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(str(path), f"is not valid TOML: {error}.") from None
    return study_from(content, path, text)


def study_from(content: Mapping[str, Any], path: Path, text: str) -> Study:
    """Return the study of an already parsed TOML text."""
    from pydantic import ValidationError

    from nanocrystal.study.schema import StudyTable

    try:
        table = StudyTable.model_validate(content)
        datasets = {name: _dataset(name, value) for name, value in table.datasets.items()}
        sample = _sample(table, path.parent)
        study = Study(table.title, sample, datasets, Options(**table.refine.model_dump()), path, text)
        _ = study.parameters
    except ValidationError as error:
        address, problem = _first_problem(error)
        raise InputError(_place(path, text, address), problem) from None
    except InputError as error:
        raise InputError(_place(path, text, error.where), error.problem) from None
    return study


def _text_of(path: Path) -> str:
    from nanocrystal.sample.cif import read_text

    return read_text(path, "study")


def _first_problem(error: Any, prefix: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return address and sentence of the first problem that pydantic found."""
    problem = error.errors(include_url=False)[0]
    tags = {"bulk", "sphere", "atoms", "function-after[_identifier(), str]", "[key]"}
    parts = [*prefix, *(str(p) for k, p in enumerate(problem["loc"]) if not (str(p) in tags and k == 2))]
    context = problem.get("ctx", {})
    if problem["type"] == "unknown_key":
        parts.append(context["key"])
    sentences = {
        "missing": "is missing.",
        "string_type": f"must be text, got {problem.get('input')!r}.",
        "float_type": f"must be a number, got {problem.get('input')!r}.",
        "int_type": f"must be a whole number, got {problem.get('input')!r}.",
        "bool_type": f"must be true or false, got {problem.get('input')!r}.",
        "literal_error": f"must be {context.get('expected')}, got {problem.get('input')!r}.",
    }
    sentence = sentences.get(problem["type"], context.get("message") or f"{problem['msg']}, got {problem.get('input')!r}.")
    return ".".join(p for p in parts if p != "[key]"), sentence


def _dataset(name: str, value: Any) -> Any:
    from pydantic import ValidationError

    from nanocrystal.study.schema import DATASET_TABLES, _technique_of

    try:
        table = _technique_of(value)
    except ValidationError as error:
        address, problem = _first_problem(error, ("datasets", name))
        raise InputError(address, problem) from None
    except ValueError as error:
        raise InputError(f"datasets.{name}", str(error)) from None
    assert isinstance(table, DATASET_TABLES[table.technique])  # type: ignore[attr-defined]
    given = {k: getattr(table, k) for k in type(table).model_fields if k != "technique"}
    if given.get("noise") is not None:
        given["noise"] = Noise(**given["noise"].model_dump())
    return TECHNIQUES[table.technique](**given)  # type: ignore[attr-defined]


def _sample(table: Any, folder: Path) -> Sample:
    crystals = {name: _crystal(name, c, folder) for name, c in table.crystals.items()}
    populations = {name: _population(name, p, folder) for name, p in table.populations.items()}
    if not populations:
        raise InputError("populations", "there is none; say what the sample is made of.")
    return Sample(populations, crystals)


def _crystal(name: str, table: Any, folder: Path) -> Crystal:
    where = f"crystals.{name}"
    cell = {k: getattr(table, k) for k in ("a", "b", "c", "alpha", "beta", "gamma") if getattr(table, k) is not None}
    sites = {k: SiteOverride(s.x, s.y, s.z, s.occupancy) for k, s in table.sites.items()}
    path = resolve(table.cif, folder, f"{where}.cif")
    return Crystal.from_cif(
        path, u_iso=table.u_iso, sites=sites, motion=_motion(table), where=where, source=table.cif, **cell
    )


def _motion(table: Any) -> dict[str, Any]:
    return {k: getattr(table, k) for k in MOTION if getattr(table, k) is not None}


def _population(name: str, table: Any, folder: Path) -> Population:
    where = f"populations.{name}"
    given = [basis for basis in FRACTIONS if getattr(table, basis) is not None]
    if len(given) > 1:
        raise InputError(f"{where}.{given[1]}", f"stands beside {given[0]}; give exactly one kind of fraction.")
    fraction = {"fraction_basis": given[0], "fraction": getattr(table, given[0])} if given else {}
    if table.shape == "atoms":
        path = resolve(table.file, folder, f"{where}.file")
        stretch = 1.0 if table.stretch is None else table.stretch
        atoms = Atoms(Cluster.read(path, f"{where}.file", table.file), table.u_iso, stretch, _motion(table), where)
        return Population(atoms=atoms, **fraction)
    shape: Shape = Sphere(table.diameter) if table.shape == "sphere" else Bulk()
    return Population(table.crystal, shape, **fraction)


def _place(path: Path, text: str, address: str) -> str:
    """Return 'file, line n: address' for an address of the study, as far as its line can be found."""
    if not re.match(r"(title|crystals|populations|datasets|refine)\b", address):
        return f"{path}: {address}" if address and address != str(path) else address
    line = _line_of(text, address.split("."))
    return f"{path}, line {line}: {address}" if line else f"{path}: {address}"


def _line_of(text: str, parts: list[str]) -> int | None:
    """Return the line that holds the longest leading part of an address, counted from 1."""
    table: list[str] = []
    best, best_depth = None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        key = re.match(r"\s*([\w.\-\"']+)\s*=", line)
        if header:
            table = [p.strip().strip("\"'") for p in header.group(1).split(".")]
            here = table
        elif key:
            here = table + [p.strip("\"'") for p in key.group(1).split(".")]
        else:
            continue
        if parts[: len(here)] == here and len(here) > best_depth:
            best, best_depth = number, len(here)
    return best
