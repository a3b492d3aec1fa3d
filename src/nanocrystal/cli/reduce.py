"""The verb `reduce`: raw counts to S(Q), F(Q) and G(r)."""

from __future__ import annotations

from nanocrystal.cli import common as verbs


@verbs.app.command()
def reduce(study: verbs.StudyPath, out: verbs.OutFolder = None, quiet: verbs.Quiet = False) -> None:
    """Reduce counts to S(Q), F(Q) and G(r): every [reduction.NAME] of a study; writes curves and a report."""
    with verbs.errors(quiet):
        from nanocrystal.report.reduction.files import planned_names
        from nanocrystal.report.reduction.result import REDUCTION
        from nanocrystal.study.reduction import read_reductions

        described = read_reductions(study)
        folder = out if out is not None else study.with_name(f"{study.stem}-reduced")
        verbs.check_way_to(folder)
        keeps_study = (folder / "study.toml").absolute() != study.absolute()
        names = planned_names(
            list(described.tables), described.differentials, described.comparisons, keeps_study, described.images
        )
        verbs.check_folder(folder, names, out is not None, REDUCTION)
        result = described.run()
        report = result.save(folder, described.text if keeps_study else None)
        if not quiet:
            verbs.say(f"\n{result.summary()}\n")
        print(report)
