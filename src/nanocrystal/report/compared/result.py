"""Candidates side by side as plain data; how they are judged stands in `refinement.comparison`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from nanocrystal._version import __version__
from nanocrystal.report.beside import beside
from nanocrystal.report.encoding import ByName, PlainData, called
from nanocrystal.report.outcome import Ending, Outcome
from nanocrystal.report.refined.result import RESULTS, Result

COMPARISON = "comparison.json"
UNTITLED = "Untitled comparison"
STRONG = 6.0
"""difference of BIC that counts as strong evidence (R. E. Kass & A. E. Raftery, J. Am. Stat. Assoc. 90, 773 (1995))"""
UNSURE = 0.025
"""probability of the other sign from which on a difference may be chance: 5 % for both signs together"""
DRAWS = 2000


@dataclass(frozen=True, kw_only=True)
class ComparisonBasis:
    """How much one data set counts in a comparison of candidates.

    Parameters
    ----------
    n_points : int
        Of the data set
    n_independent : float
        n_eff, independent points
    scale : float
        s², the misfit common to all candidates
    correlation : float
        n/n_eff, points
    block : int
        Points a block of the bootstrap for the candidate that fits it best
    best : str
        The candidate whose residuals n_eff is from
    source : str
        Where n_eff comes from, in words
    has_sigmas : bool
        Whether σ of its points is known
    """

    n_points: int
    n_independent: float
    scale: float
    correlation: float
    block: int
    best: str
    source: str
    has_sigmas: bool

    @property
    def weight(self) -> float:
        """What χ² of this data set is multiplied with."""
        return 1.0 / (self.scale * self.correlation)


@dataclass(frozen=True, kw_only=True, eq=False)
class CandidateStanding(PlainData):
    """One candidate of a comparison: its result and its figures of merit.

    Parameters
    ----------
    name : str
        Of the candidate
    description : str
        What the study says of it
    result : Result or None
        Its refinement, None where there is none; the record has it without arrays, which stand in its folder
    problem : str
        Why it is not judged, empty where it is
    n_parameters : int
        Refined ones, linear ones too
    chi2 : float or None
        Of all data sets, with the weights of the refinement
    gof : float or None
        √(χ²/(n − P)) over all data sets, None without σ
    chi2_effective : float or None
        Σ χ² n_eff/(n s²) over the data sets, None where it is not judged
    aic, bic : float or None
        χ²_eff + 2 P and χ²_eff + P ln n_eff, None where it is not judged
    delta_aic, delta_bic : float or None
        What they are above the smallest of all candidates, None where it is not judged

    References
    ----------
    H. Akaike, IEEE Trans. Autom. Control 19, 716 (1974); G. Schwarz, Ann. Stat. 6, 461 (1978).
    """

    name: str
    description: str
    result: Result | None
    problem: str = ""
    n_parameters: int = 0
    chi2: float | None = None
    gof: float | None = None
    chi2_effective: float | None = None
    aic: float | None = None
    bic: float | None = None
    delta_aic: float | None = None
    delta_bic: float | None = None

    @property
    def judged(self) -> bool:
        return not self.problem


@dataclass(frozen=True, kw_only=True)
class CandidatePair:
    """Two judged candidates of a comparison, and whether the data tell them apart.

    Parameters
    ----------
    better : str
        The one with the lower BIC
    worse : str
        The other one
    delta_chi2 : float
        χ²_eff of the worse less that of the better
    delta_bic : float
        The same of BIC
    probability : float
        That the difference of χ² has the other sign, from the bootstrap
    told_apart : bool
        Whether the data prefer one
    blocks : mapping of str to int
        Data set -> points a block of the bootstrap
    """

    better: str
    worse: str
    delta_chi2: float
    delta_bic: float
    probability: float
    told_apart: bool
    blocks: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Comparison(Outcome):
    """Candidates side by side: the judged ones by BIC, then the others.

    Parameters
    ----------
    title : str
        What stands above the report
    standings : sequence of CandidateStanding
        The candidates, the judged ones by BIC, then the others
    pairs : sequence of CandidatePair
        Each judged candidate against each other
    bases : mapping of str to ComparisonBasis
        Data set -> how much it counts
    verdict : sequence of str
        Who is best and who cannot be told from it, one sentence each
    notes : sequence of str
        What to know, one sentence each
    elapsed_s : float
        Seconds that all took
    version : str
        Of nanocrystal, that made it
    interrupted : bool
        Whether the user stopped it; what there was by then is compared
    inputs : mapping of str to str
        File -> SHA-256 of what was read
    """

    kind: ClassVar[str] = "comparison"
    record: ClassVar[str] = COMPARISON
    __pydantic_config__: ClassVar[dict[str, Any]] = called(standings="candidates", bases="datasets")

    title: str
    standings: Annotated[Sequence[CandidateStanding], ByName()]
    pairs: Sequence[CandidatePair]
    bases: Mapping[str, ComparisonBasis]
    verdict: Sequence[str]
    notes: Sequence[str] = ()
    elapsed_s: float = 0.0
    version: str = __version__
    interrupted: bool = False
    inputs: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> CandidateStanding:
        return next(s for s in self.standings if s.name == name)

    @property
    def results(self) -> dict[str, Result]:
        """The results of all candidates that have one, best first."""
        return {s.name: s.result for s in self.standings if s.result is not None}

    @property
    def best(self) -> list[str]:
        """The candidate with the lowest BIC, and those that cannot be told apart from it."""
        judged = [s.name for s in self.standings if s.judged]
        apart = {p.worse for p in self.pairs if p.better == judged[0] and p.told_apart} if judged else set()
        return [name for name in judged if name not in apart]

    @property
    def complete(self) -> bool:
        """Whether every candidate was refined to its end."""
        return all(s.judged for s in self.standings)

    def summary(self) -> str:
        """Return the table of the candidates, the verdict and what limits it, in lines."""
        title = self.title or UNTITLED
        lines = [f"{title}: {len(self.standings)} candidates in {self.elapsed_s:.1f} s", *self._table()]
        return "\n".join([*lines, *(f"  ! {note}" for note in self.notes)])

    def page(self, script: str | None = None) -> str:
        """Return the report of the candidates side by side as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.compared.page import comparison_page

        return comparison_page(self, script)

    def ending(self) -> tuple[Ending, str]:
        """Return whether every candidate was judged, and why not."""
        if self.interrupted:
            return "interrupted", ""
        left = [f"{s.name} ({s.problem})" for s in self.standings if not s.judged]
        return ("incomplete", f"Not judged: {'; '.join(left)}.") if left else ("whole", "")

    def parts(self) -> Mapping[str, Result]:
        """Return the results of the candidates, each in the folder of its name."""
        return self.results

    def computed(self) -> Mapping[str, Any]:
        """Return which candidates were judged, their ranking, the best, and whether all were judged."""
        return {
            "complete": self.complete,
            "best": self.best,
            "ranking": [s.name for s in self.standings if s.judged],
            "candidates": {s.name: {"judged": s.judged} for s in self.standings},
        }

    def recorded(self) -> dict[str, Any]:
        """Return the document with results without their arrays, which stand in the folders of the candidates."""
        from nanocrystal.report.refined.files import results_document

        document = replace(self, standings=[replace(s, result=None) for s in self.standings]).document()
        for name, result in self.results.items():
            document["candidates"][name]["result"] = results_document(result, [])
        return document

    @classmethod
    def restored(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the comparison of a record; the results of its candidates are read from their folders."""
        from nanocrystal.report.reading import read_result

        candidates = document["candidates"]
        results = {n: read_result(beside(folder, f"{n}/{RESULTS}")) for n, one in candidates.items() if one["result"]}
        bare = {name: one | {"result": None} for name, one in candidates.items()}
        comparison = super().restored(document | {"candidates": bare}, folder)
        return replace(comparison, standings=[replace(s, result=results.get(s.name)) for s in comparison.standings])

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the comparison that version 0.1 wrote: its results without what only their reports held."""
        return cls.restored(document, folder)

    def __repr__(self) -> str:
        """Return the table and the verdict in a few lines: what a notebook shows."""
        return "\n".join([f"Comparison({self.title!r})", *self._table()])

    def _table(self) -> list[str]:
        """Return one line for each candidate, then the verdict."""
        width = max(9, *(len(s.name) for s in self.standings)) if self.standings else 9
        lines = [f"  {'candidate':{width}s}     GoF    R_wp     P     ΔBIC     ΔAIC"]
        for s in self.standings:
            if s.result is None:
                lines.append(f"  {s.name:{width}s}  {s.problem}")
                continue
            gof = "–" if s.gof is None else f"{s.gof:.3f}"
            rwp = " ".join(f"{100.0 * d.rwp:.2f} %" for d in s.result.datasets.values())
            rest = s.problem if s.delta_bic is None else f"{s.delta_bic:8.1f} {s.delta_aic:8.1f}"
            lines.append(f"  {s.name:{width}s} {gof:>7s} {rwp:>7s} {s.n_parameters:5d} {rest}")
        return [*lines, *(f"  {sentence}" for sentence in self.verdict)]
