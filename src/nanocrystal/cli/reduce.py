"""The verb `reduce`: raw counts to S(Q), F(Q) and G(r), with what the terminal shows of it."""

from __future__ import annotations

import sys
from typing import Any

from nanocrystal.cli import common as verbs


@verbs.app.command()
def reduce(study: verbs.StudyPath, out: verbs.OutFolder = None, quiet: verbs.Quiet = False) -> None:
    """Reduce counts to S(Q), F(Q) and G(r): every [reduction.NAME] of a study; writes curves and a report."""
    with verbs.errors(quiet):
        from nanocrystal.report.reduction.files import REDUCTION, planned_names, write_reduction
        from nanocrystal.study.reduction import read_reductions

        described = read_reductions(study)
        folder = out if out is not None else study.with_name(f"{study.stem}-reduced")
        verbs.check_way_to(folder)
        keeps_study = (folder / "study.toml").absolute() != study.absolute()
        names = planned_names(
            list(described.tables), described.differentials, described.comparisons, keeps_study, described.images
        )
        _check_folder(folder, names, out is not None, REDUCTION)
        result = described.run()
        report = write_reduction(result, folder, described.text if keeps_study else None)
        if not quiet:
            _summary(result)
        print(report)


def _check_folder(folder: Any, names: list[str], named: bool, record: str) -> None:
    """Raise InputError where the files cannot go to a folder; named: whether --out did name it."""
    from nanocrystal.errors import InputError
    from nanocrystal.report.files import check_folder

    try:
        check_folder(folder, names, record)
    except InputError as error:
        if named:
            raise
        raise InputError(str(folder), f"{error.problem.rstrip('.')} with --out.") from None


def _summary(result: Any) -> None:
    """Print what was found to the terminal."""
    from nanocrystal.report.page.numbers import concise, number
    from nanocrystal.report.reduction.page import check_state

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    say(f"\n{result.title or 'Reduction'}")
    for name, one in result.reductions.items():
        say(f"  {name}: {one.composition.formula}, {one.settings.method}, Q to {one.pdf.qmax:g} Å⁻¹")
        for scale in one.scales:
            how = "fitted" if scale.fitted else "given"
            say(f"    blank {scale.name}: {concise(scale.value, scale.stderr)} ({how})")
        for check in one.checks:
            wanted = "" if check.expected is None else f", expected {number(check.expected, 4)}"
            mark = "! " if check_state(check, one) == "off" else ""
            found = f"{concise(check.found, check.sigma)} {check.unit}".rstrip()
            say(f"    {mark}{check.meaning}: {found}{wanted}")
        for note in one.notes:
            say(f"    ! {note}")
    for (name, other), difference in result.differentials.items():
        say(f"  {name} − {concise(difference.scale, difference.scale_stderr)} × {other}")
    for comparison in result.comparisons.values():
        for sentence in comparison.said:
            say(f"  {sentence}")
    say("")
