"""What is gathered of a series: its members as one result, and the files that it may write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nanocrystal._version import __version__
from nanocrystal.report.compared.files import compared_names
from nanocrystal.report.compared.result import COMPARISON
from nanocrystal.report.outcome import REPORT, STUDY
from nanocrystal.report.page.rendering import PLOTLY
from nanocrystal.report.refined.files import names_written
from nanocrystal.report.refined.result import POOR
from nanocrystal.report.series.result import JOINT, MEMBER, SERIES, MemberResult, SeriesResult
from nanocrystal.running.described import Series


def gathered(
    series: Series, results: Mapping[str, MemberResult], notes: list[str], interrupted: bool, elapsed_s: float
) -> SeriesResult:
    """Return the members that have been done as the result of the series, by branch and value."""
    done = [results[m.name] for m in series.members if m.name in results]
    branches = list(dict.fromkeys(m.branch for m in series.members))
    done.sort(key=lambda m: (branches.index(m.branch), m.value))
    order = series.order_parameter
    return SeriesResult(
        title=series.title,
        variable=series.variable,
        unit=series.unit,
        mode=series.mode,
        members=done,
        candidates=series.candidates,
        descriptions=series.descriptions,
        order_parameter="" if order is None else order.expression.text,
        shared=series.shared,
        missing=[m.name for m in series.members if m.name not in results],
        notes=[*notes, *dict.fromkeys(n for m in done for n in m.joint_notes), *_member_notes(done)],
        elapsed_s=elapsed_s,
        interrupted=interrupted,
    )


def _member_notes(members: list[MemberResult]) -> list[str]:
    """Return what members have to say: why they failed, and where they carried on from."""
    failed = [f"{m.name} failed: {m.problem}" for m in members if m.preferred is None]
    open_ = [f"{m.name} did not converge: {m.fit.message}" for m in members if m.fit and not m.fit.converged]
    each = [f"{m.name}: {note}" for m in members for note in m.notes]
    return [*failed, *open_, *_poor(members), *_earlier(members), *each]


def _earlier(members: list[MemberResult]) -> list[str]:
    """Return which members earlier versions refined."""
    versions = dict.fromkeys(m.version for m in members if m.version != __version__)
    names = {v: ", ".join(m.name for m in members if m.version == v) for v in versions}
    return [f"refined by nanocrystal {version} and taken as they were: {names[version]}." for version in versions]


def _poor(members: list[MemberResult]) -> list[str]:
    """Return which members their model does not describe, in one sentence."""
    rws = {m.name: max((p.rw for p in m.fit.patterns.values()), default=0.0) for m in members if m.fit}
    poor = [f"{name} {100.0 * rw:.0f} %" for name, rw in rws.items() if rw > POOR]
    if not poor:
        return []
    return [
        f"R_w is above {100.0 * POOR:.0f} %, the model does not describe these data; look at the figures, the starting "
        f"values and the units: {', '.join(poor)}."
    ]


def keeps_study(series: Series, folder: Path) -> bool:
    """Return whether the study is copied to a folder: where it is not the copy of an earlier run itself."""
    return (folder / STUDY).absolute() != series.path.absolute()


def shares_script(series: Series, single_file: bool) -> bool:
    """Return whether the pages of members share the script of their figures."""
    return series.has_reports and not single_file


def planned_files(series: Series, folder: Path, single_file: bool = False) -> list[str]:
    """Return the names of all files that a series may write into its folder.

    single_file: whether the pages of members hold the script of their figures themselves.
    """
    parts = {n: (list(s.datasets), s.sample.model_names()) for n, s in series.first.items()}
    of_member = compared_names(parts) if series.candidates else names_written(*parts[""], False)
    of_member = [*of_member, *([COMPARISON] if series.candidates else []), MEMBER]
    names = [f"{m.name}/{file}" for m in series.members for file in of_member]
    if series.mode == "shared":
        names = [f"{m.name}/{MEMBER}" for m in series.members] + _joint_files(series)
    script = [PLOTLY] if shares_script(series, single_file) else []
    study = [STUDY] if keeps_study(series, folder) else []
    return sorted({*names, *script, REPORT, "series.csv", *study, SERIES})


def _joint_files(series: Series) -> list[str]:
    """Return the names of the files of a joint refinement."""
    parts = {}
    for candidate, study in series.first.items():
        datasets = [f"{m.name}_{n}" for m in series.members for n in study.datasets]
        models = [
            n.replace("model_", f"model_{m.name}_", 1) for m in series.members for n in study.sample.model_names()
        ]
        parts[candidate] = (datasets, models)
    files = compared_names(parts) if series.candidates else names_written(*parts[""], False)
    return [f"{JOINT}/{name}" for name in [*files, COMPARISON]]
