"""The page of one crystal: its picture, and what is in it."""

from __future__ import annotations

import numpy as np

from nanocrystal.report.explicit.result import TypicalCrystal
from nanocrystal.report.page.rendering import Page, rendered
from nanocrystal.report.refined.atoms import atoms_data
from nanocrystal.report.refined.page import atoms_buttons


def atoms_page(crystal: TypicalCrystal, script: str | None = None) -> str:
    """Return the page; script: address of plotly.js, None for a page that holds it itself."""
    return rendered(
        "atoms.html",
        Page(crystal.title, crystal.version, script),
        result=crystal,
        domains=dict(zip(*(v.tolist() for v in np.unique(crystal.domains, return_counts=True)), strict=True)),
        atoms_data=atoms_data,
        atoms_buttons=atoms_buttons,
        versions={"nanocrystal": crystal.version, **crystal.provenance},
    )
