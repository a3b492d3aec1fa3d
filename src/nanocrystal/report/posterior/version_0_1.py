"""Posteriors that version 0.1 wrote: posterior.json beside chain.csv, with a refinement without its curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanocrystal.report.encoding import decoded
from nanocrystal.report.posterior.chain import read_chain
from nanocrystal.report.posterior.result import CHAIN, Posterior
from nanocrystal.report.refined.result import Result

UNKNOWN_NOISE = "Not every data set brings standard deviations"
"""the beginning of the words of version 0.1 for noise of unknown size"""


def restored(kind: type[Posterior], document: Mapping[str, Any], folder: Path) -> Any:
    """Return the posterior of a folder; raises OSError, KeyError or ValueError where its files are not those of one."""
    # the refinement has no files of its own; in the folder of the posterior a data set named chain would find one
    refinement = Result.of_version_0_1(document["refinement"], folder / "refinement")
    ensemble, log_density, samples = read_chain(folder / CHAIN, document["sampling"]["walkers"])
    parameters = {
        address: {**record, "description": refinement.parameters[address].description}
        for address, record in document["parameters"].items()
    }
    whole = dict(document) | {
        "parameters": parameters,
        "sampling": {**document["sampling"], "errors_scaled": _errors_scaled(document["sampling"], refinement)},
        "refinement": refinement,
        "ensemble": ensemble,
        "log_density": log_density,
        "samples": samples,
    }
    return decoded(kind, whole)


def _errors_scaled(sampling: Mapping[str, Any], refinement: Result) -> bool:
    """Say whether the scaled standard errors of the refinement are those for the noise that was taken."""
    scales = {} if refinement.joint is None else refinement.joint.error_scales
    scaled = any(scale != 1.0 for scale in scales.values()) or sampling["sigma_factor"] > 1.0
    return scaled or sampling["noise"].startswith(UNKNOWN_NOISE)
