"""Reading a study file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.cost import allowing, check_memory
from nanocrystal.data import resolved_path
from nanocrystal.data.kinds import is_folder, refuse_other
from nanocrystal.data.table import number_table
from nanocrystal.errors import InputError
from nanocrystal.filenames import check_names
from nanocrystal.measurement import Datasets, named_datasets
from nanocrystal.parameters import Number, ParameterSet
from nanocrystal.refinement import Options, declared_parameters, refine
from nanocrystal.refinement.optimise import Progress
from nanocrystal.sample import Cluster, Crystal, Histogram, Population, Sample, Shape
from nanocrystal.sample.crystal.structure_files import LIBRARY
from nanocrystal.sample.named import Populations
from nanocrystal.sample.order.blocks import Facets
from nanocrystal.sample.population import Fractions
from nanocrystal.study.candidate_set import CandidateSet
from nanocrystal.study.messages import Source, endless_number, first_problem, shown, syntax_error
from nanocrystal.study.tables import arguments_of, located, object_of
from nanocrystal.techniques import TECHNIQUES
from nanocrystal.text import decoded, file_bytes, read_text

if TYPE_CHECKING:
    from nanocrystal.refinement import Comparison, Result
    from nanocrystal.report.plan.result import Plan
    from nanocrystal.report.posterior.result import Posterior
    from nanocrystal.report.simulated.result import Simulation
    from nanocrystal.study.plan import PlanTable


DEEPEST = 60
"""parts of a key: reading one takes a time that grows with their square"""
_DEEP = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){{{DEEPEST}}}")
MOST_BYTES = 4_000_000
"""of a study: it names files that hold the data"""
NAMING_FILES = ("crystals", "populations", "datasets", "reduction")
"""tables after whose entries files are named"""
NOWHERE = Source(Path("study.toml"), "")
"""of a study made in Python"""


@dataclass(frozen=True)
class Study:
    """A sample and its data sets, as a file states them; a candidate is a study too.

    Parameters
    ----------
    title : str
        Of the report.
    sample : Sample, population, several, or by name
        What is in the vial, as `refine` takes it.
    datasets : technique, several, or by name
        Data sets.
    options : Options
        Of the optimiser.
    path : Path
        The file, whose folder relative paths start from.
    text : str
        The text of the file, if it was read from one.
    source : Source
        The file with its lines, which messages name.
    description : str
        What a candidate is.
    candidates : mapping of str to Study
        Other models of the sample, by name.
    reductions : mapping of str to table
        The tables of [reduction], by name.
    planned : table or None
        That of [plan].
    """

    title: str
    sample: Sample
    datasets: Mapping[str, Any]
    options: Options = field(default_factory=Options)
    path: Path = Path("study.toml")
    text: str = ""
    source: Source = NOWHERE
    description: str = ""
    candidates: Mapping[str, Study] = field(default_factory=dict)
    reductions: Mapping[str, Any] = field(default_factory=dict)
    planned: PlanTable | None = None

    if TYPE_CHECKING:  # what it is made of may be as in `nanocrystal.refine`

        def __init__(
            self,
            title: str,
            sample: Sample | Populations | None,
            datasets: Datasets,
            options: Options = ...,
            *,
            path: str | Path = ...,
            **more: Any,
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        object.__setattr__(self, "sample", Sample.of(self.sample))
        object.__setattr__(self, "datasets", named_datasets(self.datasets))
        if self.source is NOWHERE:
            object.__setattr__(self, "source", Source(self.path, self.text))

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.path.parent

    @property
    def parameters(self) -> ParameterSet:
        """All parameters by address."""
        return declared_parameters(self.sample, self.datasets)

    def refine(self, progress: Progress | None = None) -> Result:
        """Refine the sample against the data sets; raises InputError that names file, line and key."""
        with self.located():
            return refine(
                self.sample,
                self.datasets,
                title=self.title,
                options=self.options,
                folder=self.folder,
                progress=progress,
            )

    def run(self, out: str | Path | None = None, *, workers: int = 1) -> Result | Comparison | Plan:
        """Do what the study asks for, and write that to a folder where one is given.

        Where it has candidates they are compared, a table [plan] is planned by, and any other study is refined.
        workers: processes at once, for candidates and several starts; more than 1 needs a main module that may be
        imported again. Raises InputError that names file, line and key, and for a folder with other files.
        """
        from nanocrystal.study.run import run_study

        return run_study(self, out, workers)

    def compare(self) -> Comparison:
        """Refine the candidates, one after the other, and return them side by side, judged.

        Raises InputError where there are fewer than two, or where they do not look at the same measurement.
        """
        return self.candidate_set.compare()

    @property
    def candidate_set(self) -> CandidateSet:
        """The candidates, to be compared; raises InputError where there are fewer than two."""
        return CandidateSet(self.title, self.candidates, self.path, self.text)

    def plan(self) -> Plan:
        """Return what data sets to come would say of what varies, as [plan] asks; raises InputError, located."""
        from nanocrystal.refinement.design import plan_measurement

        options: dict[str, Any] = (
            {} if self.planned is None else {"targets": self.planned.targets, "counts": self.planned.counts}
        )
        with self.located():
            return plan_measurement(self.sample, self.datasets, title=self.title, folder=self.folder, **options)

    def posterior(self, **how: Any) -> Posterior:
        """Refine and sample the posterior; how: sampling and listeners, as of `sample_posterior`.

        Raises InputError that names file, line and key.
        """
        from nanocrystal.refinement.posterior import sample_posterior

        settings: dict[str, Any] = {"title": self.title, "options": self.options, "folder": self.folder}
        with self.located():
            return sample_posterior(self.sample, self.datasets, **settings, **how)

    def simulate(self) -> Simulation:
        """Return what the data sets would look like as the study describes them; raises InputError, located."""
        from nanocrystal.simulation import simulate

        with self.located():
            return simulate(self.sample, self.datasets, title=self.title, folder=self.folder)

    def simulated(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return name -> columns of each data set as the study describes it; raises InputError, located."""
        return {name: curve.columns for name, curve in self.simulate().curves.items()}

    def to_toml(self) -> str:
        """Return the text of a study file that `read_study` reads as an equal study, in the folder of this one.

        Files are named as they were given, with what shall differ from them; what stands at its default is left out.
        The description of a candidate is left out where it is written as a study by itself.
        Raises InputError, with the address, for what no study file can say: crystals, clusters, blocks and curves that
        are in no file, classes and names of your own.
        """
        from nanocrystal.study.text import study_text

        return study_text(self)

    def with_memory(self, memory: float | None) -> Study:
        """Return the study with another limit of memory, GB; None: as it is. Raises InputError for what is none."""
        if memory is None:
            return self
        check_memory(memory, "--memory")
        return replace(self, options=replace(self.options, memory=memory))

    @contextmanager
    def located(self) -> Iterator[None]:
        """Add file and line to the InputErrors that are raised inside, where no more memory is used than it allows."""
        try:
            with allowing(self.options.memory):
                yield
        except InputError as error:
            raise self.source.located(error) from None


def read_content(path: str | Path) -> tuple[dict[str, Any], Path, str]:
    """Return the parsed TOML of a study file, its path and its text; raises InputError where it is no TOML."""
    path = Path(path)
    if is_folder(path):
        refuse_other(path, "a study file", str(path))
    text = _text_of(path)
    deep = _DEEP.search(text)
    if deep is not None:
        line = text.count("\n", 0, deep.start()) + 1
        raise InputError(f"{path}, line {line}", f"holds a key of more than {DEEPEST} parts; no table is so deep.")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        refuse_other(path, "a study file", str(path), but="study")
        raise syntax_error(path, text, str(error)) from None
    except ValueError:  # of `int`, which reads no number of more digits
        raise endless_number(path, text) from None
    except RecursionError:
        raise InputError(str(path), "is not valid TOML: its lists or tables are nested too deeply.") from None
    return content, path, text


def checked_study(content: Mapping[str, Any], source: Source, description: str = "") -> Study:
    """Return the study of parsed TOML without candidates; raises InputError, located by its source."""
    from pydantic import ValidationError

    from nanocrystal.study.schema import study_table

    try:
        content = with_empty_sample(content)
        table: Any = study_table(content).model_validate(content)
        reduced = table.reduction if "reduction" in content else {}
        for room in NAMING_FILES:
            check_names(content.get(room) or (), room)
        reductions = (reduced, source.path.parent)
        datasets = {name: _dataset(name, value, *reductions) for name, value in table.datasets.items()}
        sample = _sample(table, source.path.parent, needed=any(d.needs_sample for d in datasets.values()))
        options = object_of(Options, table.refine, "refine")
        study = Study(
            table.title,
            sample,
            datasets,
            options,
            path=source.path,
            text=source.text,
            source=source,
            description=description,
            reductions=reduced,
            planned=table.plan if "plan" in content else None,
        )
        values = study.parameters.initial_values()
        for name, crystal in sample.crystals.items():  # again, since ties are known only here
            crystal.at(values.under(f"crystals.{name}")).check_overlap()
    except ValidationError as error:
        address, problem = first_problem(error)
        raise source.located(InputError(address, problem)) from None
    except InputError as error:
        raise source.located(error) from None
    return study


def _text_of(path: Path) -> str:
    return decoded(file_bytes(path, "study", MOST_BYTES), f"study: {path}")


def _checked(kind: str, name: str, value: Any, check: Callable[[Any], Any]) -> Any:
    """Return the table that `check` makes of a named entry, with its address in any error."""
    from pydantic import ValidationError

    try:
        return check(value)
    except ValidationError as error:
        address, problem = first_problem(error, (kind, name))
        raise InputError(address, problem) from None
    except ValueError as error:
        raise InputError(f"{kind}.{name}", str(error)) from None


def _dataset(name: str, value: Any, reductions: Mapping[str, Any], folder: Path) -> Any:
    """Return a data set; raises InputError for one that cannot be declared, too."""
    from nanocrystal.study.schema import dataset_table

    table = _checked("datasets", name, value, dataset_table)
    technique, where = TECHNIQUES[table.technique], f"datasets.{name}"
    read = {}
    if technique.from_reduction is not None and table.reduction is not None:
        from nanocrystal.study.reduction import supplied_curve

        if table.file is not None:
            raise InputError(f"{where}.reduction", "stands beside file; a data set comes from one of the two.")
        read["file"] = supplied_curve(table.reduction, technique.from_reduction, reductions, folder, where)
    dataset = object_of(technique, table, where, **read)
    try:
        dataset.declared()
    except InputError as error:
        raise located(error, where) from None
    return dataset


def with_empty_sample(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a study's content with empty populations where it has none and no data set is known to need any.

    Raises InputError where there are no data sets to be seen.
    """
    datasets = content.get("datasets")
    if "populations" in content or datasets is None:
        return content
    if not isinstance(datasets, dict) or not datasets:
        raise InputError("datasets", f"must be tables with headers such as [datasets.pdf], got {shown(datasets)}.")
    names = [d.get("technique") if isinstance(d, dict) else None for d in datasets.values()]
    known = [TECHNIQUES[n] for n in names if isinstance(n, str) and n in TECHNIQUES]
    return content if any(technique.needs_sample for technique in known) else {**content, "populations": {}}


def _sample(table: Any, folder: Path, needed: bool) -> Sample:
    from nanocrystal.study.schema import population_table

    crystals = {name: _crystal(name, c, folder) for name, c in table.crystals.items()}
    tables = {n: _checked("populations", n, p, population_table) for n, p in table.populations.items()}
    populations = {name: _population(name, p, folder) for name, p in tables.items()}
    if needed and not populations:
        raise InputError("populations", "there is none; say what the sample is made of.")
    return Sample(populations, crystals)


def _crystal(name: str, table: Any, folder: Path) -> Crystal:
    where = f"crystals.{name}"
    more = arguments_of(Crystal, table, where)
    more |= {"name": name, "where": where, "sites": more.pop("site_overrides"), **more.pop("cell")}
    more |= {key: getattr(table, key) for key in ("block", "setting")}
    if table.library is not None:
        if table.cif is not None:
            raise InputError(f"{where}.library", "stands beside cif; a crystal comes from exactly one of the two.")
        return Crystal(f"{LIBRARY}{table.library}", **more)
    if table.cif is None:
        raise InputError(
            f"{where}.cif",
            'is missing; give a file such as cif = "Pt.cif", or a bundled structure such as library = "CsPbBr3-gamma".',
        )
    path = resolved_path(table.cif, folder, f"{where}.cif")
    with _file_named_at(f"{where}.cif", table.cif):
        return Crystal(path, source=table.cif, **more)


@contextmanager
def _file_named_at(address: str, source: str) -> Iterator[None]:
    """Put the address of the key that names a file before what is wrong inside the file."""
    try:
        yield
    except InputError as error:
        if error.where.startswith(source):
            raise InputError(f"{address}: {error.where}", error.problem) from None
        raise


def _population(name: str, table: Any, folder: Path) -> Population:
    where = f"populations.{name}"
    fractions = {k: v for k, v in arguments_of(Fractions, table, where).items() if v is not None}
    if len(fractions) > 1:
        first, second, *_ = fractions
        raise InputError(f"{where}.{second}", f"stands beside {first}; give exactly one kind of fraction.")
    fraction: dict[str, Any] = {}
    for basis, part in fractions.items():
        fraction = {"fraction_basis": basis, "fraction": part}
    if table.made_from.of_atoms:
        path = resolved_path(table.file, folder, f"{where}.file")
        with _file_named_at(f"{where}.file", table.file):
            cluster = Cluster.read(path, f"{where}.file", table.file)
        atoms = table.made_from(cluster, where=where, **arguments_of(table.made_from, table, where))
        return Population(atoms=atoms, **fraction)
    more = arguments_of(Population, table, where)
    return Population(shape=_shape(table, where, folder), **more, **fraction)


def _shape(table: Any, where: str, folder: Path) -> Any:
    """Return the shape of a population, with lengths and blocks that are in files."""
    shape = table.made_from
    if shape.listed:
        return read_body(shape, table.file, folder, where, **arguments_of(shape, table, where))
    arguments = arguments_of(shape, table, where)
    try:
        return shape(**{k: _counted(v, folder, f"{where}.{k}") for k, v in arguments.items()})
    except InputError as error:
        raise located(error, where) from None


def read_body(shape: type[Shape], file: str, folder: Path, where: str, facets: Facets | None = None) -> Shape:
    """Return the body that a file lists by its blocks; raises InputError that names the file."""
    path = resolved_path(file, folder, f"{where}.file")
    with _file_named_at(f"{where}.file", file):
        text = read_text(path, f"{where}.file")
        rows = number_table(text, file)
        if rows.widths != {3}:
            raise InputError(file, f"must have three columns, the place of each block, got {rows.widest}.")
        try:
            places = [tuple(row) for row in rows.rows().tolist()]
            return shape.of_places(places, facets, file, sha256(text.encode()).hexdigest())
        except InputError as error:
            raise InputError(file, error.problem) from None


def _counted(value: Any, folder: Path, where: str) -> Any:
    """Return a histogram in the place of the file that holds it, other values as they are."""
    from nanocrystal.study.fields import CountedFile

    return read_histogram(value.file, folder, where, value.factor) if isinstance(value, CountedFile) else value


def read_histogram(file: str, folder: Path, where: str, factor: Number = 1.0) -> Histogram:
    """Return the lengths that a file counts; raises InputError that names the file."""
    path = resolved_path(file, folder, f"{where}.file")
    with _file_named_at(f"{where}.file", file):
        text = read_text(path, f"{where}.file")
        table = number_table(text, file)
        if table.widths != {2}:
            raise InputError(file, f"must have two columns, length in Å and count, got {table.widest}.")
        lengths, counts = zip(*table.rows().tolist(), strict=True)
        try:
            return Histogram(lengths, counts, factor, file, sha256(text.encode()).hexdigest())
        except InputError as error:
            raise InputError(file, f"its {error.where} {error.problem}") from None
