"""The verbs of the command `nanocrystal`.

Exit codes: 0 done, 1 not converged or failed (what there is, is written), 2 the input is wrong
(nothing is written), 130 interrupted (the best so far is saved).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from nanocrystal.cli.common import (
    Memory,
    OutFolder,
    Quiet,
    SingleFile,
    StudyPath,
    allowed,
    app,
    check_is_other,
    check_is_there,
    errors,
    give,
    say,
    to_either,
    to_file,
    to_folder,
)


@app.command()
def refine(study: StudyPath, out: OutFolder = None, quiet: Quiet = False) -> None:
    """Refine the sample of a study against its data; writes a report and results.json."""
    with errors(quiet):
        check_is_there(study)
        from nanocrystal.study import read_study

        described = read_study(study)
        _run(described, out, _folder_of(study), quiet)


@app.command()
def compare(study: StudyPath, out: OutFolder = None, single_file: SingleFile = False, quiet: Quiet = False) -> None:
    """Refine every [candidates.NAME] of a study and put them side by side: which of them do the data tell apart?"""
    with errors(quiet):
        check_is_there(study)
        from nanocrystal.study import read_candidates

        _run_comparison(read_candidates(study), out, _compared_folder(study), quiet, single_file=single_file)


def _run(study: Any, out: Path | None, default: Path, quiet: bool) -> None:
    """Refine a study and write everything to `out` or the default folder; ends the command with its exit code."""
    from nanocrystal.cli.progress import reporter
    from nanocrystal.report.refined.files import names_written
    from nanocrystal.report.refined.result import Result

    names = names_written(list(study.datasets), study.sample.model_names(), False)
    more = f"The study alone was refined; its candidates: nanocrystal compare {study.path}"
    give(
        study.refine,
        to_folder(Result, out, default, names, study),
        reporter(study.title, quiet),
        quiet=quiet,
        more=[more] if study.candidates else [],
    )


def _run_comparison(
    candidates: Any, out: Path | None, default: Path, quiet: bool, *, single_file: bool = False
) -> None:
    """Refine all candidates, write everything to `out` or the default folder; ends the command with its exit code."""
    from nanocrystal.cli.progress import comparison_reporter
    from nanocrystal.processes import thread_count
    from nanocrystal.report.compared.files import compared_names
    from nanocrystal.report.compared.result import Comparison

    def compute(listeners: Any) -> Comparison:
        progress, finished = listeners
        comparison: Comparison = candidates.compare(processes=thread_count(), progress=progress, finished=finished)
        return comparison

    parts = {n: (list(s.datasets), s.sample.model_names()) for n, s in candidates.studies.items()}
    names = compared_names(parts, shares_script=not single_file)
    target = replace(to_folder(Comparison, out, default, names, candidates), single_file=single_file)
    give(compute, target, comparison_reporter(candidates.title, list(candidates.studies), quiet), quiet=quiet)


def _compared_folder(study: Path) -> Path:
    """Return the folder beside a study that its comparison goes to: another than that of `refine`."""
    return study.with_name(f"{study.stem}-compared")


def _folder_of(study: Path) -> Path:
    """Return the folder beside a study that its results go to."""
    return study.with_suffix("") if study.suffix else study.with_name(f"{study.name}-results")


@app.command()
def simulate(study: StudyPath, out: OutFolder = None, memory: Memory = None, quiet: Quiet = False) -> None:
    """Calculate what a study's data sets would look like; writes one CSV for each, and a report."""
    with errors(quiet):
        check_is_there(study)
        from nanocrystal.report.simulated.result import Simulation
        from nanocrystal.study import read_study

        described = read_study(study).with_memory(memory)
        target = to_folder(
            Simulation, out, _folder_of(study), [f"{name}.csv" for name in described.datasets], described
        )
        give(lambda _: described.simulate(), target, quiet=True)


@app.command()
def debye(
    atoms: Annotated[Path, typer.Argument(metavar="ATOMS.xyz", help="Explicit atoms: .xyz, .extxyz or .cif.")],
    q: Annotated[str, typer.Option(metavar="START:STOP:STEP", help="Q in 1/Å, both ends included.")],
    u_iso: Annotated[str, typer.Option(help="Displacements in Å², e.g. Cs=0.03,Pb=0.01 (default: 0).")] = "",
    energy: Annotated[float | None, typer.Option(help="Photon energy in eV; adds f′ and f″.")] = None,
    block: Annotated[str, typer.Option(help="Data block of a .cif (default: the first with a structure).")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.csv|FOLDER", help="CSV, or a folder (default: printed).")
    ] = None,
    memory: Memory = None,
) -> None:
    """Scattering of explicit atoms by the Debye equation: columns q,intensity in electron units."""
    with errors(out is None), allowed(memory):
        from nanocrystal.cli.progress import counting
        from nanocrystal.report.scattered.result import Scattering
        from nanocrystal.sample import Cluster
        from nanocrystal.simulation import OPTIONS, cluster_scattering

        if out is not None:
            check_is_other(out, atoms)
        target = None if out is None else to_either(Scattering, out, [Scattering.single])
        cluster = Cluster.read(atoms, str(atoms), block=block)

        def compute(_: object) -> Scattering:
            with counting(len(cluster.elements)) as progress:
                return cluster_scattering(cluster, q, u_iso, energy, OPTIONS, progress)

        if target is None:
            print(compute(None).tables()[Scattering.single], end="")
            for note in cluster.notes:
                say(f"{atoms}: {note}")
        else:
            quiet = target.is_file and not cluster.notes
            give(compute, target, quiet=quiet)


@app.command()
def new(
    data: Annotated[list[Path], typer.Argument(metavar="DATA...", help="Measured files: .gr, .iq, .xy, .xye, …")],
    cif: Annotated[Path | None, typer.Option(help="Crystal structure: CIF, POSCAR, .stru, .ddp or .ncmat.")] = None,
    library: Annotated[str, typer.Option(help="Bundled structure instead; see: nanocrystal library.")] = "",
    block: Annotated[str, typer.Option(help="Data block of a CIF, phase of a PDFgui project.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="STUDY.toml", help="Study file (default: named after the data).")
    ] = None,
) -> None:
    """Write a commented study for measured files, to be looked through and refined."""
    with errors():
        from nanocrystal.report.texts.result import WrittenText
        from nanocrystal.study.new import new_study

        target = to_file(WrittenText, out, Path(f"{data[0].stem}.toml"))
        give(lambda _: new_study(data, target.path.absolute().parent, cif, library, block), target)


@app.command()
def example(
    name: Annotated[str, typer.Argument(help="Which example; leave out for a list.")] = "",
    out: OutFolder = None,
    quiet: Quiet = False,
) -> None:
    """Run an example on measured data (needs the extra: examples), or list them; candidates are compared."""
    with errors(quiet):
        from nanocrystal.cli.plan import run_plan_example
        from nanocrystal.cli.series import run_series_example
        from nanocrystal.study.examples import example_list, example_study

        if not name:
            for known, title in example_list().items():
                print(f"{known:24s} {title}")
            return
        if run_series_example(name, out, quiet):
            return
        if run_plan_example(name, out, quiet):
            return
        study, remark = example_study(name)
        if remark and not quiet:
            say(remark)
        if study.candidates:
            _run_comparison(study.candidate_set, out, Path(f"{study.path.stem}-compared"), quiet)
        else:
            _run(study, out, Path(study.path.stem), quiet)


@app.command()
def library(
    name: Annotated[str, typer.Argument(help="Which structure; leave out for a list.")] = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.cif", help="CIF file (default: printed).")] = None,
) -> None:
    """List the bundled crystal structures, or print or write one as a CIF."""
    with errors():
        from nanocrystal.errors import InputError

        if not name and out is not None:
            raise InputError("--out", "needs the name of a structure; see: nanocrystal library")
        if not name:
            _list_library()
            return
        from nanocrystal.report.texts.result import WrittenText
        from nanocrystal.study.structures import structure_file

        if out is None:
            print(structure_file(name, "NAME").text, end="")
        else:
            give(lambda _: structure_file(name, "NAME"), to_file(WrittenText, out, out))


def _list_library() -> None:
    """Print one line for each bundled structure: name, formula, space group, cell, source."""
    from nanocrystal.tables.library import library_entries

    entries = library_entries()
    rows = [(e.name, e.formula, e.space_group, e.cell_text, e.source) for e in entries]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    for row in rows:
        print("  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), row[4]]))


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(help="Which kind of result, with --results; leave out for all.")] = "",
    results: Annotated[bool, typer.Option("--results", help="Of the records of results instead.")] = False,
) -> None:
    """Print the JSON Schema of study files, for editors that complete and check TOML, or of the records of results."""
    with errors():
        import json

        from nanocrystal.errors import InputError
        from nanocrystal.report.schema import result_schema
        from nanocrystal.study import study_schema

        if kind and not results:
            raise InputError("KIND", f"names a kind of result; say schema --results {kind}.")
        print(json.dumps(result_schema(kind, "KIND") if results else study_schema(), indent=1, ensure_ascii=False))


@app.command()
def atoms(
    study: StudyPath,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE|FOLDER", help="File: .xyz, .extxyz (with domains) or .cif; or a folder."),
    ],
    population: Annotated[str, typer.Option(help="Which population, where there are several.")] = "",
    seed: Annotated[int, typer.Option(help="Of all that is drawn by chance; another one gives another crystal.")] = 0,
    form: Annotated[str, typer.Option("--format", help="xyz, extxyz or cif (default: as FILE ends).")] = "",
    planes: Annotated[
        list[str] | None,
        typer.Option(metavar="FAMILY=AXIS:1,5,9", help="Boundaries at these planes across block axis 1, 2 or 3."),
    ] = None,
    every: Annotated[
        list[str] | None, typer.Option(metavar="FAMILY=N", help="Boundaries after every N layers of blocks.")
    ] = None,
) -> None:
    """Write the atoms of a crystal of the mean size, with boundaries drawn by chance as in the study, or named."""
    with errors():
        from nanocrystal.report.explicit.result import TypicalCrystal, named_format
        from nanocrystal.study import read_study
        from nanocrystal.study.explicit import Boundaries, explicit_crystal_of

        described, kind = read_study(study), named_format(form)
        target = to_either(TypicalCrystal, out, ["atoms.extxyz", "atoms.cif"], described, is_file=kind is not None)
        boundaries = Boundaries(planes or [], every or [])
        give(lambda _: explicit_crystal_of(described, population, seed, kind, boundaries), target)
