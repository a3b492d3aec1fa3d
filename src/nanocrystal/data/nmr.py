"""NMR files of every common program, read to one kind of result.

    from nanocrystal.data.nmr import read_nmr

    data = read_nmr(Path("cs133/12"))               # EXPNO folder: fid or ser
    data = read_nmr(Path("cs133/12/pdata/1"))       # as processed
    data.indirect.values                            # delays (s) or gradients (T/m) of a series

Bruker, SIMPSON and text need nothing more; Varian/Agilent, JEOL, JCAMP-DX and NMRPipe are read with nmrglue.
"""

from __future__ import annotations

from pathlib import Path

from nanocrystal.data.kinds import refuse_other
from nanocrystal.data.nmr_bruker import diffusion_times, read_bruker, read_bruker_processed
from nanocrystal.data.nmr_data import IndirectAxis, NmrData, checked
from nanocrystal.data.nmr_jcamp import read_jcamp
from nanocrystal.data.nmr_jeol import read_jeol
from nanocrystal.data.nmr_pipe import read_nmrpipe
from nanocrystal.data.nmr_simpson import read_simpson
from nanocrystal.data.nmr_text import read_columns
from nanocrystal.data.nmr_varian import read_varian
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.text import beginning_of

__all__ = ["IndirectAxis", "NmrData", "diffusion_times", "read_nmr"]
BRUKER_FILES = ("fid", "ser", "acqus", "acqu", "acqu2s", "vdlist", "vclist", "difflist", "pulseprogram")
PROCESSED_FILES = ("1r", "1i", "2rr", "procs")
SUFFIXES = {
    ".jdf": read_jeol,
    ".dx": read_jcamp,
    ".jdx": read_jcamp,
    ".jcamp": read_jcamp,
    ".ft": read_nmrpipe,
    ".ft1": read_nmrpipe,
    ".ft2": read_nmrpipe,
    ".pipe": read_nmrpipe,
    ".spe": read_simpson,
}


def read_nmr(
    path: Path | str, *, nucleus: str | None = None, indirect: str | None = None, carrier_mhz: float | None = None
) -> NmrData:
    """Return what an NMR file or folder holds.

    Parameters
    ----------
    path : Path or str
        A folder of Bruker or Varian, or a file of SIMPSON, JEOL, JCAMP-DX, NMRPipe, or columns of numbers.
    nucleus : str, optional
        Such as "133Cs", where the file does not say.
    indirect : str, optional
        The list of a Bruker series (vdlist, vclist, vplist, difflist) that says what was changed.
    carrier_mhz : float, optional
        Of text and SIMPSON files: what 1 ppm is in Hz, MHz.

    Returns
    -------
    NmrData
        An FID, a spectrum, or a series of either.

    Raises
    ------
    InputError
        For what is no NMR data or is damaged.
    """
    path = Path(path)
    if not path.exists():
        if not path.parent.is_dir():
            raise InputError(str(path), f"does not exist, nor does the folder {path.parent}.")
        names = [entry.name for entry in path.parent.iterdir() if not entry.name.startswith(".")]
        raise InputError(str(path), f"does not exist; {nearest_names(path.name, names)}.")
    if path.is_dir():
        return checked(_folder(path, nucleus, indirect))
    if path.name in BRUKER_FILES and (path.parent / "acqus").is_file():
        return checked(read_bruker(path.parent, nucleus, indirect))
    if path.name in PROCESSED_FILES and (path.parent / "procs").is_file():
        return checked(read_bruker_processed(path.parent, nucleus, indirect))
    return checked(_file(path, nucleus, carrier_mhz))


def _folder(path: Path, nucleus: str | None, indirect: str | None) -> NmrData:
    if (path / "procpar").is_file():
        return read_varian(path, nucleus)
    if (path / "procs").is_file():
        return read_bruker_processed(path, nucleus, indirect)
    if (path / "acqus").is_file() or (path / "acqu").is_file():
        if (path / "fid").is_file() or (path / "ser").is_file():
            return read_bruker(path, nucleus, indirect)
        processed = sorted(p.parent for p in path.glob("pdata/*/procs"))
        if processed:
            return read_bruker_processed(processed[0], nucleus, indirect)
        raise InputError(
            str(path), "has acqus but neither fid nor ser: nothing was measured here, or files are missing."
        )
    experiments = sorted(p.parent.name for p in path.glob("*/acqus"))
    if experiments:
        raise InputError(str(path), f"holds several experiments; name one: {', '.join(experiments[:20])}.")
    refuse_other(path, "the folder of an NMR measurement", str(path), but="nmr")
    raise InputError(
        str(path),
        "is no NMR data set: it has no acqus (Bruker: name the folder of the experiment number) and no "
        "procpar (Varian, Agilent).",
    )


def _file(path: Path, nucleus: str | None, carrier_mhz: float | None) -> NmrData:
    suffix = path.suffix.lower()
    if suffix == ".zip":
        raise InputError(str(path), "is a .zip; unpack it and name the folder of the experiment.")
    beginning = beginning_of(path, str(path), 4)
    refuse_other(path, "an NMR measurement, or a spectrum over ppm or Hz", str(path), but="nmr")
    if beginning == b"SIMP":
        return read_simpson(path, nucleus, carrier_mhz)
    if suffix == ".fid":
        return read_nmrpipe(path, nucleus)
    if suffix in SUFFIXES:
        reader = SUFFIXES[suffix]
        return reader(path, nucleus, carrier_mhz) if reader is read_simpson else reader(path, nucleus)
    return read_columns(path, nucleus, carrier_mhz=carrier_mhz)
