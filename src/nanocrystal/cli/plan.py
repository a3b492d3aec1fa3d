"""The verb `plan`: what data that are not measured yet would say of a sample."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nanocrystal.cli import app as verbs

if TYPE_CHECKING:
    from nanocrystal.refinement.information_plan import Plan


@verbs.app.command("plan-measurement", hidden=True)
@verbs.app.command()
def plan(study: verbs.StudyPath, out: verbs.OutFolder = None, quiet: verbs.Quiet = False) -> None:
    """Say how well each parameter would be known from data yet to be measured: data sets without files, with noise."""
    with verbs._errors(quiet):
        from nanocrystal.report.plan_files import PLAN, plan_names, write_plan
        from nanocrystal.study.plan import read_plan

        described = read_plan(study)
        folder = out if out is not None else study.with_name(f"{study.stem}-plan")
        keeps_study = (folder / "study.toml").absolute() != described.study.path.absolute()
        verbs._check_way_to(folder)
        verbs._check_folder(folder, plan_names(keeps_study), out is not None, PLAN)
        found = described.plan()
        report = write_plan(found, folder, described.study.text if keeps_study else None)
        if not quiet:
            _summary(found)
        print(report)


def _summary(found: Plan) -> None:
    """Print what each parameter would be known to, and what the targets need."""
    from nanocrystal.report.numbers import concise
    from nanocrystal.report.plan_words import combination_words, target_words

    out = sys.stderr
    print(f"\n{found.title}: {', '.join(f'{p.name} ({p.noise_words})' for p in found.planned)}", file=out)
    width = max(len(p.address) for p in found.parameters)
    for p, error in zip(found.parameters, found.together.stderr, strict=True):
        known = error == error
        value = concise(p.value, float(error)) if known else f"{p.value:.5g}"
        print(f"  {p.address:{width}s}  {value} {p.unit}{'' if known else '  (not determined)'}", file=out)
    for sentence in [
        *(combination_words(c, found.parameters) for c in found.together.combinations),
        *(target_words(t, found) for t in found.needed),
        *found.notes,
    ]:
        print(f"  ! {sentence}", file=out)
    print(file=out)
