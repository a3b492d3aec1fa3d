"""The verbs of the command `nanocrystal`.

Exit codes: 0 done, 1 not converged or failed (what there is, is written), 2 the input is wrong
(nothing is written), 130 interrupted (the best so far is saved).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nanocrystal.cli.common import (
    INTERRUPTED,
    NOT_CONVERGED,
    OutFolder,
    Quiet,
    StudyPath,
    app,
    check_file,
    check_folder,
    check_way_to,
    errors,
    say,
)


@app.command()
def refine(study: StudyPath, out: OutFolder = None, quiet: Quiet = False) -> None:
    """Refine the sample of a study against its data; writes a report and results.json."""
    with errors(quiet):
        from nanocrystal.study import read_study

        described = read_study(study)
        _run(described, out, _folder_of(study), quiet)


@app.command()
def compare(study: StudyPath, out: OutFolder = None, quiet: Quiet = False) -> None:
    """Refine every [candidates.NAME] of a study and put them side by side: which of them do the data tell apart?"""
    with errors(quiet):
        from nanocrystal.study import read_candidates

        _run_comparison(read_candidates(study), out, _compared_folder(study), quiet)


def _run(study: Any, out: Path | None, default: Path, quiet: bool) -> None:
    """Refine a study and write everything to `out` or the default folder; ends the command with its exit code."""
    from nanocrystal.cli.progress import reporter
    from nanocrystal.report.refined.files import names_written
    from nanocrystal.report.refined.result import RESULTS

    folder = out if out is not None else default
    check_way_to(folder)
    keeps_study = (folder / "study.toml").absolute() != study.path.absolute()
    names = names_written(list(study.datasets), study.sample.model_names(), keeps_study)
    check_folder(folder, names, out is not None, RESULTS)
    with reporter(study.title, quiet) as progress:
        result = study.refine(progress)
    report = result.save(folder, study.text if keeps_study else None)
    if not quiet:
        say(f"\n{result.summary()}\n")
        if study.candidates:
            say(f"The study alone was refined; its candidates: nanocrystal compare {study.path}")
    print(report)
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not result.converged:
        say(f"Not converged: {result.message}.")
        raise typer.Exit(NOT_CONVERGED)


def _run_comparison(candidates: Any, out: Path | None, default: Path, quiet: bool) -> None:
    """Refine all candidates, write everything to `out` or the default folder; ends the command with its exit code."""
    from nanocrystal.cli.progress import comparison_reporter, comparison_summary
    from nanocrystal.processes import thread_count
    from nanocrystal.report.compared.files import COMPARISON, compared_names, write_comparison

    folder = out if out is not None else default
    check_way_to(folder)
    keeps_study = (folder / "study.toml").absolute() != candidates.path.absolute()
    parts = {n: (list(s.datasets), s.sample.model_names()) for n, s in candidates.studies.items()}
    check_folder(folder, compared_names(parts, keeps_study), out is not None, COMPARISON)
    with comparison_reporter(candidates.title, list(candidates.studies), quiet) as (progress, finished):
        comparison = candidates.compare(processes=thread_count(), progress=progress, finished=finished)
    report = write_comparison(comparison, folder, candidates.text if keeps_study else None)
    if not quiet:
        comparison_summary(comparison)
    print(report)
    if comparison.interrupted:
        raise typer.Exit(INTERRUPTED)
    left = [s for s in comparison.standings if not s.judged]
    if left:
        say("Not judged: " + "; ".join(f"{s.name} ({s.problem})" for s in left) + ".")
        raise typer.Exit(NOT_CONVERGED)


def _compared_folder(study: Path) -> Path:
    """Return the folder beside a study that its comparison goes to: another than that of `refine`."""
    return study.with_name(f"{study.stem}-compared")


def _folder_of(study: Path) -> Path:
    """Return the folder beside a study that its results go to."""
    return study.with_suffix("") if study.suffix else study.with_name(f"{study.name}-results")


@app.command()
def simulate(study: StudyPath, out: OutFolder = None, quiet: Quiet = False) -> None:
    """Calculate what a study's data sets would look like; writes one CSV for each."""
    with errors(quiet):
        from nanocrystal import __version__
        from nanocrystal.report.simulated import SIMULATION, write_simulation
        from nanocrystal.study import read_study

        described = read_study(study)
        folder = out if out is not None else _folder_of(study)
        check_way_to(folder)
        names = [f"{name}.csv" for name in described.datasets]
        check_folder(folder, [*names, SIMULATION], out is not None, SIMULATION)
        write_simulation(described.simulated(), described.title, __version__, folder)
        for name in names:
            print(folder / name)


@app.command()
def debye(
    atoms: Annotated[Path, typer.Argument(metavar="ATOMS.xyz", help="Explicit atoms: .xyz, .extxyz or .cif.")],
    q: Annotated[str, typer.Option(metavar="START:STOP:STEP", help="Q in 1/Å, both ends included.")],
    u_iso: Annotated[str, typer.Option(help="Displacements in Å², e.g. Cs=0.03,Pb=0.01 (default: 0).")] = "",
    energy: Annotated[float | None, typer.Option(help="Photon energy in eV; adds f′ and f″.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="CSV file (default: printed).")] = None,
) -> None:
    """Scattering of explicit atoms by the Debye equation: columns q,intensity in electron units."""
    with errors(out is None):
        from nanocrystal.report.files import write_texts
        from nanocrystal.simulation import cluster_intensity
        from nanocrystal.text import csv_text

        if out is not None:
            check_file(out)
        q_values, intensity = cluster_intensity(atoms, q, u_iso, energy)
        text = csv_text({"q": q_values, "intensity": intensity})
        if out is None:
            print(text, end="")
        else:
            write_texts({out.name: text}, out.absolute().parent)
            print(out)


@app.command()
def new(
    data: Annotated[list[Path], typer.Argument(metavar="DATA...", help="Measured files: .gr, .iq, .xy, .xye, …")],
    cif: Annotated[Path | None, typer.Option(help="Crystal structure.")] = None,
    library: Annotated[str, typer.Option(help="Bundled structure instead; see: nanocrystal library.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="STUDY.toml", help="Study file (default: named after the data).")
    ] = None,
) -> None:
    """Write a commented study for measured files, to be looked through and refined."""
    with errors():
        from nanocrystal.errors import InputError
        from nanocrystal.report.files import write_texts
        from nanocrystal.study.new import new_study

        target = out if out is not None else Path(f"{data[0].stem}.toml")
        check_way_to(target)
        if target.exists():
            raise InputError("--out", f"{str(target)!r} exists; name a new file with --out.")
        text, to_check = new_study(data, target.absolute().parent, cif, library)
        write_texts({target.name: text}, target.absolute().parent)
        for sentence in to_check:
            say(sentence)
        print(target)


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
        from nanocrystal.tables.library import library_text

        if not name:
            if out is not None:
                raise InputError("--out", "needs the name of a structure; see: nanocrystal library")
            _list_library()
            return
        text = library_text(name, "NAME")
        if out is None:
            print(text, end="")
        else:
            from nanocrystal.report.files import write_texts

            check_way_to(out)
            if out.exists():
                raise InputError("--out", f"{str(out)!r} exists; name a new file.")
            write_texts({out.name: text}, out.absolute().parent)
            print(out)


def _list_library() -> None:
    """Print one line for each bundled structure: name, formula, space group, cell, source."""
    from nanocrystal.tables.library import library_entries

    entries = library_entries()
    rows = [(e.name, e.formula, e.space_group, e.cell_text, e.source) for e in entries]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    for row in rows:
        print("  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), row[4]]))


@app.command()
def schema() -> None:
    """Print the JSON Schema of study files, for editors that complete and check TOML."""
    import json

    from nanocrystal.study import json_schema

    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))


@app.command()
def atoms(
    study: StudyPath,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File: .xyz, .extxyz (with domains) or .cif.")],
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
        from nanocrystal.errors import InputError
        from nanocrystal.report.files import write_texts
        from nanocrystal.study import read_study
        from nanocrystal.study.explicit import Boundaries, explicit_crystal_of, format_of

        kind = format_of(out, form)
        check_way_to(out)
        if out.exists():
            raise InputError("--out", f"{str(out)!r} exists; name a new file.")
        boundaries = Boundaries(planes or [], every or [])
        written = explicit_crystal_of(read_study(study), population, seed, kind, boundaries)
        write_texts({out.name: written.text}, out.absolute().parent)
        for sentence in written.said:
            say(sentence)
        print(out)
