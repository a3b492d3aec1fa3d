"""The verb `plan`: what data that are not measured yet would say of a sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nanocrystal.cli import common as verbs

if TYPE_CHECKING:
    from nanocrystal.study import Study


@verbs.app.command("plan-measurement", hidden=True)
@verbs.app.command()
def plan(
    study: verbs.StudyPath, out: verbs.OutFolder = None, memory: verbs.Memory = None, quiet: verbs.Quiet = False
) -> None:
    """Say how well each parameter would be known from data yet to be measured: data sets without files, with noise."""
    with verbs.errors(quiet):
        from nanocrystal.study import read_study

        _run(read_study(study).with_memory(memory), out, study.with_name(f"{study.stem}-plan"), quiet)


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
    from nanocrystal.report.plan.result import Plan

    target = verbs.to_folder(Plan, out, default, [], described)
    verbs.give(lambda _: described.plan(), target, quiet=quiet)
