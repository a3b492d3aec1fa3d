"""The verb `plan`: what data that are not measured yet would say of a sample."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nanocrystal.cli import common as verbs

if TYPE_CHECKING:
    from nanocrystal.refinement.design.plan import Plan
    from nanocrystal.study import Study


@verbs.app.command("plan-measurement", hidden=True)
@verbs.app.command()
def plan(study: verbs.StudyPath, out: verbs.OutFolder = None, quiet: verbs.Quiet = False) -> None:
    """Say how well each parameter would be known from data yet to be measured: data sets without files, with noise."""
    with verbs.errors(quiet):
        from nanocrystal.study import read_study

        _run(read_study(study), out, study.with_name(f"{study.stem}-plan"), quiet)


def run_plan_example(name: str, out: Path | None, quiet: bool) -> bool:
    """Plan an example that has a table [plan], and write everything; return False where it has none."""
    from nanocrystal.study.examples import examples_folder
    from nanocrystal.study.reading import read_study
    from nanocrystal.study.study import read_content

    path = examples_folder() / f"{name}.toml"
    if not path.is_file() or "plan" not in read_content(path)[0]:
        return False
    _run(read_study(path), out, Path(f"{path.stem}-plan"), quiet)
    return True


def _run(described: Study, out: Path | None, default: Path, quiet: bool) -> None:
    """Plan a study, and write everything to `out` or the default folder."""
    from nanocrystal.report.plan.files import PLAN, plan_names, write_plan

    folder = out if out is not None else default
    keeps_study = (folder / "study.toml").absolute() != described.path.absolute()
    verbs.check_way_to(folder)
    verbs.check_folder(folder, plan_names(keeps_study), out is not None, PLAN)
    found = described.plan()
    report = write_plan(found, folder, described.text if keeps_study else None)
    if not quiet:
        _summary(found)
    print(report)


def _summary(found: Plan) -> None:
    """Print what each parameter would be known to, and what the targets need."""
    from nanocrystal.report.page.numbers import concise
    from nanocrystal.report.plan.words import combination_words, target_words

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
