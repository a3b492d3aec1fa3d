"""The candidates of a study as what they are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nanocrystal.errors import InputError

if TYPE_CHECKING:
    from nanocrystal.refinement import Comparison
    from nanocrystal.running.candidates import Finished, Progress
    from nanocrystal.study.study import Study

EXAMPLE = '[candidates.cubic.crystals.NAME] with library = "CsPbBr3-alpha"'


@dataclass(frozen=True)
class CandidateSet:
    """The candidates of a study, each a study of its own.

    Parameters
    ----------
    title : str
        Of the report.
    studies : mapping of str to Study
        Candidates by name; two or more.
    path : Path
        The file that they are from.
    text : str
        Its text.

    Raises
    ------
    InputError
        Where there is nothing to compare.
    """

    title: str
    studies: Mapping[str, Study]
    path: Path
    text: str

    def __post_init__(self) -> None:
        """Raise InputError where there is nothing to compare."""
        if len(self.studies) > 1:
            return
        if not self.studies:
            advice = f"add two or more tables such as {EXAMPLE}; an empty [candidates.base] is the study as it stands"
            raise InputError(str(self.path), f"has no candidates to compare: {advice}.")
        [name] = self.studies
        raise InputError(
            str(self.path),
            f"has one candidate, {name}, and nothing to compare it with; add another, for instance an empty table "
            "[candidates.base], which is the study as it stands.",
        )

    def to_toml(self) -> str:
        """Return the text of a study file that `read_candidates` reads as equal candidates; see `Study.to_toml`."""
        from nanocrystal.study.text import candidates_text

        return candidates_text(self.title, self.studies, self.path.parent)

    def run(self, out: str | Path | None = None, *, workers: int = 1) -> Comparison:
        """Refine all, at most so many at once, judge them, and write that to a folder where one is given."""
        from nanocrystal.study.run import run_candidates

        return run_candidates(self, out, workers)

    def compare(
        self, *, processes: int = 1, progress: Progress | None = None, finished: Finished | None = None
    ) -> Comparison:
        """Refine all and return them side by side, judged.

        processes: at most so many at once; more than 1 needs a main module that may be imported again (a script with
        `if __name__ == "__main__"`). Whoever listens is told as `running.candidates.compared` says.
        """
        from nanocrystal.running.candidates import compared
        from nanocrystal.running.pool import local_executor

        executor = local_executor(processes)
        return compared(self.title, self.studies, executor=executor, progress=progress, finished=finished)
