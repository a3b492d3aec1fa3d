"""What a file or folder is that was given in the place of another kind: in words, and which verb or key takes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nanocrystal.errors import InputError
from nanocrystal.text import beginning_of, in_any_case

BEGINNING = 8192
"""bytes that are looked at"""


@dataclass(frozen=True)
class Kind:
    """A kind of file or folder. name: short; words: what it is, behind "is"; use: what takes it."""

    name: str
    words: str
    use: str

    def __str__(self) -> str:
        return f"is {self.words}; {self.use}"


_FIT = "`nanocrystal new {file}` writes a study for it, which `nanocrystal refine` fits"
PDF = Kind("curve", "a PDF, G(r) over r", _FIT)
SCATTERING = Kind("curve", "an intensity over q", _FIT)
STRUCTURE = Kind("curve", "F(Q) or S(Q) over q", "`nanocrystal reduce` makes such curves; G(r) and I(Q) are fitted")
POWDER = Kind("curve", "a pattern over 2θ", _FIT)
CIF = Kind("structure", "a CIF, a crystal structure", "name it with cif = … in [crystals.NAME]")
XYZ = Kind("structure", "a list of atoms", 'name it with file = … in a population of shape = "atoms"')
STUDY = Kind("study", "a study", "`nanocrystal refine {file}` runs it")
RESULTS = Kind("results", "a folder of results", "its study is named in the report; nanocrystal.read_result reads it")
NMR = Kind(
    "nmr", "an NMR measurement", "`nanocrystal nmr {file}` makes a spectrum of it, whose CSV the techniques of NMR read"
)
_EDGE = "name it with files in [reduction.NAME], beside absorption with element and edge"
XDI = Kind("curve", "a scan of an absorption edge", _EDGE)
ATHENA = Kind("scans", "a project of Athena, scans of absorption edges", _EDGE)
IMAGE = Kind("image", "a detector image", "name it in [reduction.NAME.image]")
DOCUMENT = Kind("other", "a document in the Portable Document Format", "data are text or a format of an instrument")
SHEET = Kind("other", "a spreadsheet", "export the columns as CSV")
ARCHIVE = Kind("other", "an archive", "unpack it, and name a file in it")
PAGE = Kind("other", "a web page", "download the file itself")

_SUFFIXES = {
    ".gr": PDF,
    ".fq": STRUCTURE,
    ".sq": STRUCTURE,
    ".iq": SCATTERING,
    ".chi": SCATTERING,
    ".xrdml": POWDER,
    ".fxye": POWDER,
    ".rasx": POWDER,
    ".ras": POWDER,
    ".brml": POWDER,
    ".uxd": POWDER,
    ".xyz": XYZ,
    ".extxyz": XYZ,
    ".toml": STUDY,
    ".jdf": NMR,
    ".jdx": NMR,
    ".fid": NMR,
    ".ft1": NMR,
    ".ft2": NMR,
    ".xdi": XDI,
    ".prj": ATHENA,
    ".tif": IMAGE,
    ".tiff": IMAGE,
    ".edf": IMAGE,
    ".cbf": IMAGE,
    ".mccd": IMAGE,
    ".xlsx": SHEET,
    ".xls": SHEET,
    ".ods": SHEET,
    ".zip": ARCHIVE,
    ".7z": ARCHIVE,
    ".tar": ARCHIVE,
}
_MAGIC = (
    (b"%PDF-", DOCUMENT),
    (b"PK\x03\x04", ARCHIVE),
    (b"\xd0\xcf\x11\xe0", SHEET),
    (b"II*\0", IMAGE),
    (b"MM\0*", IMAGE),
    (b"JEOL.NMR", NMR),
    (b"SIMP", NMR),
    (b"##TITLE", NMR),
)
_NMR_FILES = ("acqus", "acqu", "procpar", "procs", "fid", "ser")


def kind_of(path: Path) -> Kind | None:
    """Return what a file or folder is by its name and beginning, None where that tells nothing."""
    if is_folder(path):
        return _kind_of_folder(path)
    try:
        beginning = beginning_of(path, "", BEGINNING)
    except InputError:
        return None
    magic = next((kind for start, kind in _MAGIC if beginning.startswith(start)), None)
    by_suffix = _SUFFIXES.get(path.suffix.lower())
    if magic is not None:
        return by_suffix if magic is ARCHIVE and by_suffix is not None else magic
    text = in_any_case(beginning).lstrip("\ufeff").lstrip()
    if text[:9].lower() == "<!doctype" or text[:5].lower() == "<html":
        return PAGE
    if _is_cif(text):
        return CIF
    if any(f"\n[{table}" in f"\n{text}" for table in ("crystals.", "datasets.", "populations.", "reduction.")):
        return STUDY
    return by_suffix


def is_folder(path: Path) -> bool:
    """Say whether a path is that of a folder; not so where the system does not know such names."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _is_cif(text: str) -> bool:
    """Say whether a text is a crystal structure, and no pattern that is kept in the same form."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    begins = bool(lines) and lines[0].lower().startswith("data_")
    return begins and "_cell_length_a" in text and "_pd_meas" not in text and "_pd_proc" not in text


def _kind_of_folder(folder: Path) -> Kind | None:
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError:
        return None
    if names & set(_NMR_FILES[:4]) or any((folder / n / "acqus").is_file() for n in sorted(names)[:50]):
        return NMR
    if names & {"results.json", "comparison.json", "series.json"}:
        return RESULTS
    return None


def refuse_other(path: Path, wanted: str, address: str, but: str = "") -> None:
    """Raise InputError where a path is of a kind that is certainly not wanted.

    wanted: what was expected, for the message; but: name of the kind that is.
    """
    kind = kind_of(path)
    if kind is not None and kind.name != but:
        raise InputError(address, f"{str(kind).format(file=path.name)}. Wanted is {wanted}.")
