"""One scan of X-ray absorption as a file holds it: columns by the file's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class AbsorptionScan:
    """A scan, nothing of it judged yet.

    Parameters
    ----------
    columns : mapping of str to array (n,)
        By the names that the file has for them, in its order; by "1", "2", … where it has none
    named : bool
        Whether the names are those of the file
    units : mapping of str to str
        Of columns, as the file writes them, where it does
    rows : tuple of int
        The line of each point, for messages; empty where points have none
    element, edge : str
        As the file states them, "" where it does not
    shift : float
        eV that the file says its energies are to be shifted by
    label : str
        Of the scan among others of its file
    source : str
        The file
    sha256 : str
        Of its bytes
    notes : tuple of str
        What was decided, one sentence each
    """

    columns: Mapping[str, FloatArray]
    named: bool = True
    units: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[int, ...] = ()
    element: str = ""
    edge: str = ""
    shift: float = 0.0
    label: str = ""
    source: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.source} ({self.label})" if self.label else self.source

    def error(self, where: str, problem: str) -> InputError:
        """Return the error that names the scan."""
        return InputError(f"{where}: {self}" if where else str(self), problem)

    def place(self, point: int) -> str:
        """Return where a point stands, in words."""
        return f"line {self.rows[point]}" if self.rows else f"point {point + 1}"
