"""The files of a simulation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanocrystal.report.files import write_texts
from nanocrystal.text import csv_text

SIMULATION = "simulation.json"


def write_simulation(curves: Mapping[str, Mapping[str, Any]], title: str, version: str, folder: Path) -> None:
    """Write one CSV for each simulated data set, and simulation.json, which lists them."""
    texts = {f"{name}.csv": csv_text(columns) for name, columns in curves.items()}
    record = {"title": title, "version": version, "files": sorted([*texts, SIMULATION])}
    write_texts({**texts, SIMULATION: json.dumps(record, indent=1, ensure_ascii=False) + "\n"}, folder)
