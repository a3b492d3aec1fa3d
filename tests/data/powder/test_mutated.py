"""Files that were damaged at random are read or refused in one sentence, never with a traceback."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import Curve, read_curve
from nanocrystal.errors import InputError
from support.powder_files import bank, brml, brml_route, ras, rasx, raw_1, raw_2, raw_3, raw_4, uxd, zipped

COUNTS = [float(c) for c in (120, 98, 4096, 3, 0, 17, 1, 22, 999, 5, 6, 7)]
RANGE = (20.0, 0.02, 2.0, COUNTS)
ROWS = [(20.0 + 0.02 * i, c, 1.0) for i, c in enumerate(COUNTS)]
POINTS = [(2.0, 1.0, 20.0 + 0.02 * i, 10.0, 0.1, c) for i, c in enumerate(COUNTS)]
KEYS = {"STEPTIME": "2", "STEPSIZE": "0.02", "START": "20"}
XRDML = (
    '<?xml version="1.0"?><xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/2.1"><sample><name>z</name></sample>'
    '<xrdMeasurement><usedWavelength intended="K-Alpha 1"><kAlpha1>1.540598</kAlpha1><kAlpha2>1.544426</kAlpha2>'
    "<ratioKAlpha2KAlpha1>0.5</ratioKAlpha2KAlpha1></usedWavelength><scan><dataPoints>"
    '<positions axis="2Theta"><startPosition>20</startPosition><endPosition>20.22</endPosition></positions>'
    '<positions axis="Omega"><startPosition>10</startPosition><endPosition>10.11</endPosition></positions>'
    f"<beamAttenuationFactors>{'1 ' * 11}2</beamAttenuationFactors><commonCountingTime>12</commonCountingTime>"
    f"<counts>{' '.join(f'{c:g}' for c in COUNTS)}</counts></dataPoints></scan></xrdMeasurement></xrdMeasurements>"
)
CIF = (
    "data_p\n_diffrn_radiation_wavelength 1.5406\n_pd_meas_2theta_range_min 20\n_pd_meas_2theta_range_max 20.22\n"
    "_pd_meas_2theta_range_inc 0.02\nloop_\n_pd_meas_intensity_total\n_pd_proc_ls_weight\n"
    + "".join(f"{c:g}(3) 0.5\n" for c in COUNTS)
)
CONST = "CONST 2000 2 0 0"


def banks(kind: str, rows: list[tuple[float, ...]], several: int = 1) -> bytes:
    return ("title\n# Temp (K) = 298\n" + bank(kind, CONST, rows) * several).encode()


CSV = (
    '"Histogram","PWDR a.fxye Bank 1"\n"Instparm: Type","PXC"\n"Instparm: Lam",  0.413909\n"x","y_obs","weight","Q"\n'
    + "".join(f"{20.0 + 0.02 * i:g},{c:g},0.25,5.3\n" for i, c in enumerate(COUNTS))
)
FILES: dict[str, bytes] = {
    "fxye.fxye": banks("FXYE", [(2000.0 + 2 * i, c, 3.0) for i, c in enumerate(COUNTS)]),
    "std.gsas": banks("STD", [(1.0, c) for c in COUNTS]),
    "esd.gsa": banks("ESD", [(c, 3.0) for c in COUNTS], 2),
    "alt.gsas": banks("ALT", [(64000.0 + 64 * i, 1.5, 0.1) for i in range(12)]),
    "a.ras": ras(({}, ROWS), ({"MEAS_SCAN_UNIT_Y": "cps"}, [(x + 0.24, y, 2.0) for x, y, _ in ROWS])),
    "a.rasx": rasx(({}, ROWS), ({}, ROWS)),
    "a.brml": brml(brml_route(POINTS), brml_route(POINTS)),
    "v1.raw": raw_1(RANGE, RANGE),
    "v2.raw": raw_2(RANGE, RANGE),
    "v3.raw": raw_3(RANGE, RANGE, more=b"1234"),
    "v4.raw": raw_4(RANGE, RANGE, width=8),
    "a.uxd": uxd((KEYS, "_2THETACPS", [r[:2] for r in ROWS]), (KEYS, "_COUNTS", [(c,) for c in COUNTS])),
    "a.cif": CIF.encode(),
    "a.csv": CSV.encode(),
    "a.xrdml": XRDML.encode(),
}
TOKENS = (b"nan", b"-1", b"1e400", b"", b"0", b"x", b"-inf", b"9" * 30, b"1.", b"\xff", b"<", b'"', b"\0", b"(", b"''")


def changed(content: bytes, rng: random.Random) -> bytes:
    """Return a content with some bytes, words or parts changed, left out, doubled or moved."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        if not data:
            break
        at, length = rng.randrange(len(data)), rng.choice((1, 2, 4, 8, 40))
        match rng.randrange(6):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                data[at : at + length] = rng.choice(TOKENS)
            case 4:
                data[at : at + 4] = rng.choice((bytes(4), b"\xff" * 4, b"\xff\xff\xff\x7f", b"\1\0\0\0"))
            case 5:
                del data[at:]
    return bytes(data)


def mutation(name: str, rng: random.Random) -> bytes:
    """Return a damaged file; of an archive, mostly one whose members are damaged."""
    content = FILES[name]
    if content[:2] != b"PK" or rng.random() < 0.2:
        return changed(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    hit = rng.choice(sorted(members))
    return zipped({n: changed(c, rng) if n == hit else c for n, c in members.items()})


def read_or_refused(path: Path, entry: int | None) -> tuple[Curve | None, str]:
    """Return the curve, or None and what was said."""
    try:
        return read_curve(path, entry=entry), ""
    except InputError as error:
        return None, str(error)


def checked(name: str, seeds: range, folder: Path) -> tuple[int, int]:
    """Read as many mutations and return how many were read and how many refused."""
    read = refused = 0
    for seed in seeds:
        path = folder / name
        path.write_bytes(mutation(name, random.Random(f"{name} {seed}")))
        for entry in (None, 1):
            curve, said = read_or_refused(path, entry)
            assert "\n" not in said or name == "a.csv", (seed, said)  # without its first line it is any table
            assert len(said) < 900, (seed, said)
            refused += curve is None
            if curve is not None:
                read += 1
                assert (np.diff(curve.x) > 0.0).all(), seed
                assert np.isfinite(curve.x).all(), seed
                assert np.isfinite(curve.y).all(), seed
                assert curve.sigma is None or (np.isfinite(curve.sigma).all() and (curve.sigma > 0.0).all()), seed
    return read, refused


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_sound(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    assert len(read_curve(path, entry=1).x) == 12


@pytest.mark.parametrize("name", FILES)
def test_damaged_files(name: str, tmp_path: Path) -> None:
    read, refused = checked(name, range(60), tmp_path)
    assert read > 0
    assert refused > 0


DIGITS = b"9" * 5000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gsas", b"t\nBANK 1 " + DIGITS + b" 2 CONST 1 1 0 0 STD\n"),
        ("a.gsas", b"t\nBANK " + DIGITS + b" 4 2 CONST 1 1 0 0 STD\n"),
        ("a.gsas", banks("STD", [(1.0, c) for c in COUNTS]).replace(b"CONST 2000", b"CONST " + DIGITS)),
        ("a.rasx", zipped({f"Data{DIGITS.decode()}/Profile0.txt": "1 2 1"})),
        ("a.brml", zipped({f"Experiment0/RawData{DIGITS.decode()}.xml": "<a/>"})),
        ("a.cif", CIF.replace("98(3)", f"98({DIGITS.decode()})").encode()),
        ("a.cif", CIF.replace("98(3)", f"98e{DIGITS.decode()}").encode()),
        ("a.ras", ras(({}, ROWS)).replace(b"98.0000", DIGITS)),
        ("a.uxd", FILES["a.uxd"].replace(b"_START=20", b"_START=" + DIGITS)),
    ],
)
def test_numbers_of_thousands_of_digits(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_curve(path, entry=1)
    assert len(str(caught.value)) < 900


@pytest.mark.campaign
@pytest.mark.parametrize("name", FILES)
def test_more_damaged_files(name: str, tmp_path: Path) -> None:
    assert sum(checked(name, range(60, 360), tmp_path)) == 600


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
def test_many_damaged_files(name: str, tmp_path: Path) -> None:
    assert sum(checked(name, range(60, 2060), tmp_path)) == 4000
