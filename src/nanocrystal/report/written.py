"""The calls of version 0.1 that write reports, each one line of today's."""

from __future__ import annotations

from pathlib import Path

from nanocrystal.report.compared.result import Comparison
from nanocrystal.report.refined.result import Result


def report_html(result: Result) -> str:
    """Return the report of a refinement as a self-contained HTML page: `Result.page`.

    Parameters
    ----------
    result : Result
        Of `refine`

    Returns
    -------
    str
        The page, with the script of its figures
    """
    return result.page()


def write_result(result: Result, folder: Path | str, study_text: str | None = None) -> Path:
    """Write report, CSVs, models and results.json to a folder: `Result.save`.

    Parameters
    ----------
    result : Result
        Of `refine`
    folder : path
        Made where it is not there
    study_text : str, optional
        The study as it was run, written beside the report

    Returns
    -------
    path
        Of the report

    Raises
    ------
    InputError
        Where the folder holds files that are not those of a result, or cannot be written
    """
    return result.save(folder, study_text)


def comparison_html(comparison: Comparison) -> str:
    """Return the report of a comparison as a self-contained HTML page: `Comparison.page`.

    Parameters
    ----------
    comparison : Comparison
        Of `compare`

    Returns
    -------
    str
        The page, with the script of its figures
    """
    return comparison.page()


def write_comparison(comparison: Comparison, folder: Path | str, study_text: str | None = None) -> Path:
    """Write the report of a comparison, a folder for each candidate and comparison.json: `Comparison.save`.

    Parameters
    ----------
    comparison : Comparison
        Of `compare`
    folder : path
        Made where it is not there
    study_text : str, optional
        The study as it was run, written beside the report

    Returns
    -------
    path
        Of the report

    Raises
    ------
    InputError
        Where the folder holds files that are not those of a result, or cannot be written
    """
    return comparison.save(folder, study_text, single_file=True)
