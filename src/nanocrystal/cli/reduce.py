"""The verb `reduce`: raw counts to S(Q), F(Q) and G(r), scans of an absorption edge to χ(k)."""

from __future__ import annotations

from nanocrystal.cli import common as verbs


@verbs.app.command()
def reduce(study: verbs.StudyPath, out: verbs.OutFolder = None, quiet: verbs.Quiet = False) -> None:
    """Reduce counts to S(Q), F(Q) and G(r), or scans of an absorption edge to χ(k): every [reduction.NAME] of a study;
    writes curves and a report."""
    with verbs.errors(quiet):
        from nanocrystal.report.reduction.result import ReductionResult
        from nanocrystal.study.reduction import read_reductions

        described = read_reductions(study)
        default = study.with_name(f"{study.stem}-reduced")
        target = verbs.to_folder(ReductionResult, out, default, described.names, described)
        verbs.give(lambda _: described.run(), target, quiet=quiet)
