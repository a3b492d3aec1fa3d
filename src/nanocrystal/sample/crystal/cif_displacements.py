"""Displacements of a CIF as u_iso, Å²: U, B = 8π² U or β, of a site alone or as a tensor; the best that a site has.

U_eq is a third of the trace in Cartesian axes: U_eq = ⅓ Σ U_ij a*_i a*_j (a_i · a_j), and dimensionless
β_ij = 2π² a*_i a*_j U_ij (R. X. Fischer & E. Tillmanns, Acta Cryst. C44, 775 (1988); K. N. Trueblood et al.,
Acta Cryst. A52, 770 (1996)).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.crystal.cif_block import FRACT, Block, written_number
from nanocrystal.sample.crystal.symmetry import cell_vectors

FloatArray = NDArray[np.float64]
B_OVER_U = 8.0 * np.pi**2
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
LABELS = ("_atom_site_aniso_label", "_atom_site_label")
U_ISO = ("_atom_site_U_iso_or_equiv", "_atom_site_U_equiv_geom_mean", "_atom_site_U_iso")
B_ISO = ("_atom_site_B_iso_or_equiv", "_atom_site_B_equiv_geom_mean", "_atom_site_B_iso")
APART = 2.0
"""the factor between the tensor and the number of a site from which on they are said to disagree"""
Column = Sequence[str | None]


def displacements(
    block: Block, cell: FloatArray, rows: Sequence[int], labels: Sequence[str]
) -> tuple[list[float | None], list[str]]:
    """Return u_iso of the sites in these rows with these labels, None where the file has none, and notes."""
    alone = [_isotropic(block, U_ISO, 1.0), _isotropic(block, B_ISO, 1.0 / B_OVER_U)]
    tensors = _tensors(block, cell)
    found: list[float | None] = []
    apart: list[str] = []
    for row, label in zip(rows, labels, strict=True):
        by_itself = next((column[row] for column in alone if column is not None and column[row] is not None), None)
        tensor = tensors.get(label)
        found.append(by_itself if tensor is None else tensor)
        if tensor and by_itself and not 1.0 / APART < tensor / by_itself < APART:
            apart.append(label)
    notes = []
    if apart:
        example = labels.index(apart[0])
        notes.append(
            f"the displacement of {apart[0]} is {found[example]:.4g} Å² by its tensor, which was taken, and another "
            f"by its isotropic entry{f' (so of {len(apart)} sites)' if len(apart) > 1 else ''}; look which is meant."
        )
    return found, notes


def _isotropic(block: Block, tags: tuple[str, ...], factor: float) -> list[float | None] | None:
    column = block.beside(FRACT[0], *tags)
    return None if column is None else [_value(text, factor) for text in column]


def _value(text: str | None, factor: float = 1.0) -> float | None:
    number = None if text is None else written_number(text)
    return None if number is None else number.value * factor


def _tensors(block: Block, cell: FloatArray) -> dict[str, float]:
    """Return label -> u_iso of the tensors that are known; of a label with several, the first."""
    vectors = cell_vectors(cell)
    metric = vectors @ vectors.T
    reciprocal = np.sqrt(np.diag(np.linalg.inv(metric)))
    lengths = np.outer(reciprocal, reciprocal)
    kinds: tuple[tuple[str, Callable[[FloatArray], FloatArray]], ...] = (
        ("U", lambda u: u),
        ("B", lambda b: b / B_OVER_U),
        ("beta", lambda beta: beta / (2.0 * np.pi**2 * lengths)),
    )
    matters = [abs(metric[i, j]) > 1e-9 * metric[i, i] for i, j in PAIRS]
    found: dict[str, float] = {}
    for kind, as_u in kinds:
        tags = [f"_atom_site_aniso_{kind}_{i + 1}{j + 1}" for i, j in PAIRS]
        columns = [block.column(tag) for tag in tags]
        named = next((c for c in (block.beside(tags[0], label) for label in LABELS) if c is not None), None)
        if named is None or any(c is None for c in columns[:3]):
            continue
        for k, label in enumerate(named):
            values = [None if c is None else _value(c[k]) for c in columns]
            if label is None or any(v is None for v, m in zip(values, matters, strict=True) if m):
                continue
            tensor = np.zeros((3, 3))
            for (i, j), value in zip(PAIRS, values, strict=True):
                tensor[i, j] = tensor[j, i] = value or 0.0
            if tensor.any():
                found.setdefault(label, float((as_u(tensor) * lengths * metric).sum() / 3.0))
    return found
