"""What is written of a scan of an absorption edge: normalised μ(E) and χ(k), as other programs read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.reduction.xas import ReducedAbsorption


def planned_scans(names: Iterable[str]) -> list[str]:
    """Return the files of scans by name."""
    return [f"{name}.{suffix}" for name in names for suffix in ("nor", "chi")]


def scan_texts(name: str, one: ReducedAbsorption) -> dict[str, str]:
    """Return NAME.nor with μ(E), and NAME.chi with χ(k) and σ where the scan is long enough for it."""
    head = settings_header(one)
    of_energy = {
        "energy": one.energy,
        "norm": one.norm,
        "flat": one.flat,
        "mu": one.mu,
        "pre_edge": one.pre_edge,
        "post_edge": one.post_edge,
    }
    texts = {f"{name}.nor": _text(head, of_energy)}
    if len(one.k):
        texts[f"{name}.chi"] = _text(head, {"k": one.k, "chi": one.chi, "sigma": one.sigma})
    return texts


def settings_header(one: ReducedAbsorption) -> str:
    """Return settings, scans and noise as lines "# key = value"."""
    from nanocrystal._version import __version__

    lines = [f"version = nanocrystal-{__version__}"]
    lines += [f"scan = {_one_line(scan)}, shifted by {shift:.4g} eV" for scan, shift in _scans(one)]
    lines += [f"{key} = {value}" for key, value in settings_rows(one).items()]
    return "".join(f"# {line}\n" for line in lines)


def settings_rows(one: ReducedAbsorption) -> dict[str, str]:
    """Return the settings as they were used and what was found, in words."""
    shown = {f.name: getattr(one.settings, f.name) for f in fields(one.settings)}
    rows = {key: _word(value) for key, value in shown.items() if value is not None}
    rows["edge_step"] = f"{one.step:.6g}"
    if one.noise is not None:
        rows["sigma_from"] = {"scans": "scatter of the scans", "scatter": "chi(R) at 15 to 25 A"}[one.noise.how]
        rows["epsilon_k"] = f"{one.noise.epsilon_k:.4g}"
    return rows


def _scans(one: ReducedAbsorption) -> Iterable[tuple[str, float]]:
    return zip(one.scans, one.shifts, strict=True)


def _word(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(_word(v) for v in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _text(head: str, columns: Mapping[str, FloatArray]) -> str:
    rows = np.stack(list(columns.values()), axis=1)
    lines = "\n".join("  ".join(f"{v:.9g}" for v in row) for row in rows.tolist())
    return f"{head}# {'  '.join(columns)}\n{lines}\n"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
