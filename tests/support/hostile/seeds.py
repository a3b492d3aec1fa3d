"""Small sound files of every format that is read, made here, with what reads them the way a user does."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from support import structure_texts
from support.measured import measured_or_none
from support.nmr_files import fid, write_bruker
from support.paths import EXAMPLES, REFERENCES
from support.powder_files import bank, brml, brml_route, ras, rasx, raw_1, raw_2, raw_3, raw_4, uxd
from support.small_angle_files import Columns, Entry, cansas_xml
from support.structure_texts import HEXAGONAL, WURTZITE, A, C

Files = Mapping[str, bytes]
"""path in a folder -> content"""


@dataclass(frozen=True)
class Seed:
    """A sound input: its files, which of them (or "" for the folder) is named, and which are to be damaged."""

    files: Files
    named: str
    damaged: tuple[str, ...]


def alone(name: str, content: bytes | str) -> Seed:
    """Return an input of one file."""
    return Seed({name: content.encode() if isinstance(content, str) else content}, name, (name,))


@dataclass(frozen=True)
class Reader:
    """seeds: sound inputs; read: what a user calls; it returns arrays that must be finite."""

    seeds: Callable[[], list[Seed]]
    read: Callable[[Path], Any]


# ---- curves ---------------------------------------------------------------------------------------

X = np.linspace(1.0, 3.0, 21)
Y = 100.0 + 50.0 * np.sin(3.0 * X)


def rows(*columns: np.ndarray, separator: str = " ") -> str:
    return "".join(separator.join(f"{v:.6g}" for v in row) + "\n" for row in zip(*columns, strict=True))


PDFGETX = "[DEFAULT]\nversion = pdfgetx3\ncomposition = Ni\nmode = xray\nqmax = 25.0\n#### start data\n#L r G\n"
FXYE = "nickel\nBANK 1 21 21 CONST 100.0 1.0 0 0 FXYE\n"
XRDML = (
    '<?xml version="1.0"?>\n<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/2.3"><xrdMeasurement>'
    '<usedWavelength intended="K-Alpha 1"><kAlpha1 unit="Angstrom">1.5405980</kAlpha1></usedWavelength><scan>'
    '<dataPoints><positions axis="2Theta" unit="deg"><startPosition>10</startPosition><endPosition>10.4</endPosition>'
    '</positions><commonCountingTime>12.5</commonCountingTime><counts unit="counts">100 200 400 300 0</counts>'
    "</dataPoints></scan></xrdMeasurement></xrdMeasurements>\n"
)
CANSAS = (
    '<?xml version="1.0"?>\n<SASroot version="1.1" xmlns="urn:cansas1d:1.1"><SASentry><Title>silica</Title><SASdata>'
    + "".join(
        f'<Idata><Q unit="1/A">{q:.4g}</Q><I unit="1/cm">{i:.5g}</I><Idev unit="1/cm">1.5</Idev>'
        '<Qdev unit="1/A">0.01</Qdev></Idata>\n'
        for q, i in zip(X, Y, strict=True)
    )
    + "</SASdata></SASentry></SASroot>\n"
)


IN_NM: Columns = {
    "Q": (X.tolist(), "1/nm"),
    "I": (Y.tolist(), "1/m"),
    "Idev": (np.sqrt(Y).tolist(), "1/m"),
    "dQl": ([0.117] * len(X), "1/nm"),
}


def columns_seeds() -> list[Seed]:
    three = rows(X, Y, np.sqrt(Y))
    return [
        alone("a.gr", PDFGETX + rows(X, Y)),
        alone("a.gr", "# r G dr dG\n" + rows(X, Y, 0.0 * X, 0.01 * Y)),
        alone("a.fq", "# q F\n" + rows(X, Y)),
        alone("a.sq", three),
        alone("a.iq", "# q I err\n" + three),
        alone("a.chi", "Ni.chi\nQ (Inverse Angstroms)\nIntensity\n 21\n" + rows(X, Y)),
        alone("a.xy", "10.0 1900\n" + rows(10.0 + X, Y)),
        alone("a.xye", "# 2theta I sigma\n" + three),
        alone("a.dat", "q,intensity,sigma\n" + rows(X, Y, np.sqrt(Y), separator=",")),
        alone("a.csv", "q;intensity;sigma\n" + rows(X, Y, np.sqrt(Y), separator=";")),
        alone("a.csv", "q (1/A),I(q) (1/cm),error\n" + rows(X, Y, np.sqrt(Y), separator=",")),
    ]


def structured_seeds() -> list[Seed]:
    """Return files of the formats that say by themselves what they hold."""
    points = [[10.0 + 0.02 * k, 100.0 + k] for k in range(12)]
    counts = [100.0 + k for k in range(12)]
    one, step = (10.0, 0.02, 1.0, counts), {"START": 10.0, "STEPSIZE": 0.02}
    route = brml_route([[1.0, 1.0, x, x / 2, 0.3, y] for x, y in points])
    pairs = "".join(f"{x:.2f} {y:.0f}\n" for x, y in points)
    return [
        alone("a.fxye", FXYE + rows(100.0 * X, Y, np.sqrt(Y))),
        alone("a.gsa", "title\n" + bank("ESD", "CONST 1000.0 2.0 0.0 0.0", [[y, y**0.5] for y in counts])),
        alone("a.gsa", "title\n" + bank("STD", "CONST 1000.0 2.0 0.0 0.0", [[1, y] for y in counts])),
        alone("a.xrdml", XRDML),
        alone("a.xml", CANSAS),
        alone("b.xml", cansas_xml(Entry([IN_NM], "with a slit", radiation="neutron", wavelength=(0.6, "nm")))),
        alone("a.raw", raw_1(one)),
        alone("a.raw", raw_2(one)),
        alone("a.raw", raw_3(one)),
        alone("a.raw", raw_4(one)),
        alone("a.brml", brml(route)),
        alone("a.uxd", uxd((step, "_COUNTS", [[y] for y in counts]))),
        alone("a.ras", ras(({}, [[x, y, 1.0] for x, y in points]))),
        alone("a.rasx", rasx(({}, [[x, y, 1.0] for x, y in points]))),
        alone("a.cif", f"data_a\nloop_\n_pd_meas_2theta_scan\n_pd_meas_counts_total\n{pairs}"),
    ]


def read_a_curve(path: Path) -> Any:
    """Return the curve of a file in any format that a data set may name, and what it states."""
    from nanocrystal.data import read_curve

    curve = read_curve(path, where="datasets.d.file")
    stated = [v for v in vars(curve.stated).values() if isinstance(v, float)]
    return [a for a in (curve.x, curve.y, curve.sigma, curve.resolution) if a is not None] + [np.array(stated)]


# ---- NMR ------------------------------------------------------------------------------------------

ONE = fid(64, 20000.0, [(1000.0, 300.0, 1e6)])


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@cache
def bruker_seeds() -> list[Seed]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_bruker(folder / "fid", ONE, 20000.0, delay=12.5)
        write_bruker(folder / "old", ONE, 20000.0, doubles=True, little=False)
        write_bruker(folder / "ser", np.stack([ONE] * 3), 20000.0, delays=["1", "200m", "30u"])
        (folder / "ser" / "difflist").write_text("2.4\n10.5\n45.7\n")
        processed = (
            "##$SF= 52.48\n##$SI= 64\n##$SW_p= 20000.0\n##$OFFSET= 200.0\n##$NC_proc= -2\n##$BYTORDP= 0\n##$DTYPP= 0\n"
        )
        for at in ("fid/pdata/1", "ser/pdata/1"):
            (folder / at).mkdir(parents=True)
            (folder / at / "procs").write_text(processed + "##$XDIM= 16\n##$LB= 1.0\n##$AXNUC= <133Cs>\n##END=\n")
            (folder / at / "title").write_text("caesium\n")
        for part in ("1r", "1i"):
            (folder / "fid/pdata/1" / part).write_bytes(np.arange(64, dtype="<i4").tobytes())
        (folder / "ser/pdata/1/2rr").write_bytes(np.arange(4 * 64, dtype="<i4").tobytes())
        (folder / "ser/pdata/1/proc2s").write_text("##$SI= 4\n##$XDIM= 2\n##END=\n")
        trees = {part: tree(folder / part) for part in ("fid", "old", "ser")}
    parameters = ("acqus", "acqus", "acqus")
    return [
        Seed(trees["fid"], "", (*parameters, "fid", "pdata/1/procs")),
        Seed(trees["old"], "", (*parameters, "fid")),
        Seed(trees["ser"], "", (*parameters, "acqu2s", "acqu2s", "vdlist", "difflist", "pulseprogram", "ser")),
        Seed(trees["fid"], "pdata/1", ("pdata/1/procs", "pdata/1/procs", "acqus", "pdata/1/1r", "pdata/1/1i")),
        Seed(
            trees["ser"],
            "pdata/1",
            ("pdata/1/procs", "pdata/1/procs", "pdata/1/proc2s", "acqu2s", "pdata/1/2rr", "vdlist"),
        ),
        *measured_bruker(),
    ]


def measured_bruker() -> list[Seed]:
    """Return a measured diffusion series where it is there."""
    acqus = measured_or_none("nmr/NMRTools.jl_MIT/15n-xste-ts3/acqus")
    if acqus is None:
        return []
    files = {k: v for k, v in tree(acqus.parent).items() if k in ("acqus", "acqu2s", "difflist", "ser", "pulseprogram")}
    return [Seed(files, "", ("acqus", "acqus", "acqu2s", "difflist", "pulseprogram", "ser"))]


def simpson_seeds() -> list[Seed]:
    head = "SIMP\nNP=64\nSW=20000\nTYPE={}\nDATA\n"
    return [
        alone(f"a.{kind}", head.format(kind.upper()) + rows(ONE.real, ONE.imag) + "END\n") for kind in ("fid", "spe")
    ]


def jeol_parameter(name: str, value: float | str) -> bytes:
    """Return one entry of the parameters of a .jdf (64 bytes): class, unit, value, kind, name."""
    if isinstance(value, str):
        held = value.encode().ljust(16, b"\0") + struct.pack("<i", 0)
    else:
        held = struct.pack("<d", value) + bytes(8) + struct.pack("<i", 2)
    return bytes(4) + struct.pack("<h", 0) + bytes(10) + held + name.encode().ljust(28, b" ")


def jeol_file(values: np.ndarray) -> bytes:
    """Return a one-dimensional complex FID as a .jdf, after the layout that nmrglue (fileio/jeol.py) reads."""
    n = len(values)
    stated: dict[str, float | str] = {
        "x_sweep": 20000.0, "x_freq": 400e6, "x_offset": 5.0, "x_domain": "Proton", "temp_get": 25.0,
        "solvent": "DMSO-D6", "orders": "25473", "factors": "82",
    }  # fmt: skip
    entries = b"".join(jeol_parameter(k, v) for k, v in stated.items())
    start = 1360 + 16 + len(entries)
    start += -start % 8
    head = bytearray(1360)
    head[0:8] = b"JEOL.NMR"
    head[8:16] = bytes((1, 1, 0, 2, 1, 0x80, 0x01, 25))
    head[16:24] = bytes(range(1, 9))
    head[24] = 3
    head[32:34] = bytes((1, 28))
    struct.pack_into(">8I", head, 176, n, *(1,) * 7)
    struct.pack_into(">I", head, 240, n - 1)
    struct.pack_into(">d", head, 336, n / 20000.0)
    struct.pack_into(">II", head, 1212, 1360, 16 + len(entries))
    struct.pack_into(">I", head, 1284, start)
    body = struct.pack("<4I", 64, 0, len(stated), 64 * len(stated)) + entries
    data = np.concatenate([values.real, -values.imag]).astype("<f8").tobytes()
    return bytes(head) + body.ljust(start - 1360, b"\0") + data


def varian_parameter(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return f'{name} 2 2 8 0 0 2 1 0 1 64\n1 "{value}" \n0 \n'
    return f"{name} 1 1 1e+09 0 1 2 1 0 1 64\n1 {value!r} \n0 \n"


def varian_seeds() -> list[Seed]:
    """Return an FID and an arrayed series, after the layout of Varian's files (nmrglue, fileio/varian.py)."""
    pairs = np.stack([ONE.real, ONE.imag], axis=1).ravel()
    stated = {
        "sw": 20000.0,
        "sfrq": 52.48,
        "reffrq": 52.47,
        "np": 128,
        "ni": 0,
        "temp": 25.0,
        "tn": "Cs133",
        "solvent": "tol",
    }
    seeds = []
    for n in (1, 3):
        head = struct.pack(">6lhhl", n, 1, 128, 4, 512, 540, 0, 0x45 | 0x08, 1)
        blocks = b"".join(
            struct.pack(">4hl4f", 0, 0x45, k + 1, 0, 1, 0, 0, 0, 0) + pairs.astype(">f4").tobytes() for k in range(n)
        )
        text = "".join(varian_parameter(k, v) for k, v in {**stated, "array": "d2" if n > 1 else ""}.items())
        text += "d2 1 1 1e+09 0 1 2 1 0 1 64\n3 0.1 1.0 5.0 \n0 \n"
        seeds.append(Seed({"fid": head + blocks, "procpar": text.encode()}, "", ("procpar", "procpar", "fid")))
    return seeds


JCAMP = """##TITLE= ethanol
##JCAMP-DX= 5.01
##DATA TYPE= NMR SPECTRUM
##DATA CLASS= XYDATA
##.OBSERVE FREQUENCY= 100.0
##.OBSERVE NUCLEUS= ^1H
##XUNITS= HZ
##YUNITS= ARBITRARY UNITS
##XFACTOR= 1.0
##YFACTOR= 0.5
##FIRSTX= 900
##LASTX= 0
##NPOINTS= 10
##XYDATA= (X++(Y..Y))
{}
##END=
"""
NTUPLES = """##TITLE= ethanol
##DATA TYPE= NMR FID
##DATA CLASS= NTUPLES
##.OBSERVE FREQUENCY= 100.0
##.OBSERVE NUCLEUS= ^1H
##$GRPDLY= 2.5
##$BF1= 99.99
##SYMBOL= X, R, I, N
##UNITS= SECONDS, ARBITRARY UNITS, ARBITRARY UNITS,
##FIRST= 0, 5, 6, 1
##LAST= 0.09, 5, 6, 2
##FACTOR= 0.01, 1, 1, 1
##PAGE= N=1
##DATA TABLE= (X++(R..R)), XYDATA
0 5 4 3 2 1 2 3 4 5 6
##PAGE= N=2
##DATA TABLE= (X++(I..I)), XYDATA
0 1 2 3 4 5 4 3 2 1 0
##END NTUPLES= NMR FID
##END=
"""


def jcamp_seeds() -> list[Seed]:
    written = ("900 0 0 2 40 2\n400 0 0 8 0 0", "900A0J1K2%J1j3k1J0K0T", "900@A1B2C3TD4E5F6G7A1B2")
    return [*(alone("a.jdx", JCAMP.format(body)) for body in written), alone("a.dx", NTUPLES)]


@cache
def pipe_seeds() -> list[Seed]:
    """Return an FID and a series as nmrglue writes NMRPipe's files."""
    import nmrglue as ng

    seeds = []
    with tempfile.TemporaryDirectory() as name:
        for values in (ONE, np.stack([ONE] * 4)):
            universal = ng.fileiobase.create_blank_udic(values.ndim)
            for axis, size in enumerate(values.shape):
                universal[axis] |= {"sw": 20000.0, "obs": 52.48, "car": 100.0, "size": size, "label": "133Cs"}
                universal[axis] |= {"complex": axis == values.ndim - 1, "time": True, "freq": False}
            converter = ng.convert.converter()
            converter.from_universal(universal, values.astype("complex64"))
            header, data = converter.to_pipe()
            path = Path(name) / "a.fid"
            ng.pipe.write(str(path), header, np.asarray(data), overwrite=True)
            seeds.append(alone("a.fid", path.read_bytes()))
    return [*seeds, alone("a.ft1", seeds[0].files["a.fid"])]


def spectrum_seeds() -> list[Seed]:
    ppm = np.linspace(10.0, -2.0, 40)
    lines = np.exp(-((ppm - 3.0) ** 2))
    return [
        alone("a.txt", rows(ppm, lines)),
        alone("a.csv", "ppm,real,imaginary\n" + rows(ppm, lines, 0.1 * lines, separator=",")),
        alone("a.txt", "Hz intensity\n" + rows(100.0 * ppm, lines)),
    ]


def read_a_spectrum(path: Path) -> Any:
    """Return what an NMR file holds, and its axis."""
    from nanocrystal.data.nmr import read_nmr

    data = read_nmr(path, nucleus="133Cs", carrier_mhz=52.48)
    assert data.values.shape[-1] == len(data.x), "as many values as places"
    assert (np.diff(data.x) > 0.0).all(), "an ascending axis"
    axis = [] if data.indirect is None else [data.indirect.values]
    assert all(len(a) == data.n_traces for a in axis), "a value of the axis for each trace"
    known = [v for v in (data.carrier_mhz, data.reference_mhz, data.temperature) if v is not None]
    return [data.values, data.x, *axis, np.array(known, dtype=float)]


# ---- structures -----------------------------------------------------------------------------------

XYZ = "3\nCd and Se\nCd 0.0 0.0 0.0\nSe 1.5 1.5 1.5\nCd 3.0 0.0 3.0\n"
EXTENDED = '2\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3\nCd 0.0 0.0 0.0\nSe 1.5 1.5 1.5\n'


def structure_seeds() -> list[Seed]:
    from nanocrystal.tables.library import library_text

    bundled = [alone("a.cif", library_text(name)) for name in ("CsPbBr3-gamma", "CsPbBr3-alpha")]
    return [
        *bundled,
        alone("a.cif", (EXAMPLES / "Ni.cif").read_bytes()),
        alone("a.cif", (EXAMPLES / "compare_cspbcl3_gamma.cif").read_bytes()),
    ]


def other_structure_seeds() -> list[Seed]:
    """Return a structure in every format but CIF."""
    in_p1 = structure_texts.stru(HEXAGONAL, WURTZITE, head="spcgr   P1")
    grouped = structure_texts.stru(
        HEXAGONAL, WURTZITE, head="sharp   5.7, 0.0, 1.0, 0.0\nspcgr   P63mc\nshape   sphere, 25"
    )
    rows = [f"{x:.9f} {y:.9f} {z:.9f}" for _, x, y, z in WURTZITE]
    vectors = ((A, 0.0, 0.0), (-0.5 * A, 0.75**0.5 * A, 0.0), (0.0, 0.0, C))
    atoms = ["Cd 1/3 2/3 0", "Cd 2/3 1/3 1/2", "Se 1/3 2/3 .375", "Se 2/3 1/3 .875"]
    return [
        alone("a.stru", in_p1),
        alone("b.stru", grouped),
        alone("a.ddp", structure_texts.project({"fit/CdSe/initial": in_p1, "fit/CdSe/refined": grouped})),
        alone("POSCAR", structure_texts.poscar(vectors, rows)),
        alone("a.vasp", structure_texts.poscar(vectors, [r + " T T F" for r in rows], mode="Selective\nDirect")),
        alone("b.vasp", structure_texts.poscar(vectors, rows, kinds="2 2", comment="Cd Se", factor="-112.2")),
        alone("a.ncmat", structure_texts.ncmat(f"{A} !! {C}", "90 90 120", "186", atoms)),
    ]


def read_a_crystal(path: Path) -> Any:
    """Return what a structure file says, after a crystal was made of it."""
    from nanocrystal import Crystal
    from nanocrystal.sample.crystal.structure_files import structure_of_file

    structure = structure_of_file(path, "crystals.x.cif")
    Crystal(path, u_iso=dict.fromkeys({site.element for site in structure.sites}, 0.01))
    known = [site.u_iso for site in structure.sites if site.u_iso is not None]
    places = np.array([site.fract for site in structure.sites])
    return [structure.cell, structure.rotations, structure.translations, places, np.array(known)]


def cluster_seeds() -> list[Seed]:
    return [alone("a.xyz", XYZ), alone("a.extxyz", EXTENDED), alone("a.cif", (EXAMPLES / "Ni.cif").read_bytes())]


def read_a_cluster(path: Path) -> Any:
    from nanocrystal.sample import Cluster

    cluster = Cluster.read(path)
    cluster.check_overlap("atoms")
    return [cluster.positions]


# ---- studies and results --------------------------------------------------------------------------

STUDIES = (
    "synthetic",
    "compare_cspbi3",
    "compare_cs133",
    "joint_cspbbr3",
    "nmr_diffusion",
    "nmr_titration",
    "plan_cspbbr3_twins",
    "powder_cspbi3",
    "reduction_nickel",
    "reduction_pbs",
    "saxs_cspbbr3",
)


@cache
def study_seeds() -> list[Seed]:
    """Return example studies with the files that they name."""
    beside = {p.name: p.read_bytes() for p in EXAMPLES.iterdir() if p.suffix in (".csv", ".dat", ".gr", ".chi", ".cif")}
    seeds = []
    for name in STUDIES:
        text = (EXAMPLES / f"{name}.toml").read_bytes()
        files = {k: v for k, v in beside.items() if k.encode() in text}
        seeds.append(Seed({f"{name}.toml": text, **files}, f"{name}.toml", (f"{name}.toml",)))
    return seeds


def read_a_study(path: Path) -> Any:
    from nanocrystal import read_study

    read_study(path)
    return []


@cache
def result_seeds() -> list[Seed]:
    """Return folders of results as version 0.1 wrote them, and small ones of today."""
    from support.hostile.results import todays_results

    folders = (
        "synthetic",
        "compare_cspbi3",
        "plan_cspbbr3_twins",
        "series_srfe2as2",
        "reduction_nickel",
        "nmr_diffusion",
    )
    seeds = []
    for name in folders:
        files = tree(REFERENCES / "0.1" / name)
        seeds.append(Seed(files, "", tuple(k for k in files if k.endswith(".json"))))
    return [*seeds, *(Seed(files, "", tuple(k for k in files if k.endswith(".json"))) for files in todays_results())]


def read_a_result(path: Path) -> Any:
    from nanocrystal import read_result

    read_result(path)
    return []


READERS: dict[str, Reader] = {
    "columns": Reader(columns_seeds, read_a_curve),
    "structured curves": Reader(structured_seeds, read_a_curve),
    "bruker": Reader(bruker_seeds, read_a_spectrum),
    "simpson": Reader(simpson_seeds, read_a_spectrum),
    "jeol": Reader(lambda: [alone("a.jdf", jeol_file(ONE))], read_a_spectrum),
    "varian": Reader(varian_seeds, read_a_spectrum),
    "jcamp": Reader(jcamp_seeds, read_a_spectrum),
    "nmrpipe": Reader(pipe_seeds, read_a_spectrum),
    "spectra in columns": Reader(spectrum_seeds, read_a_spectrum),
    "cif": Reader(structure_seeds, read_a_crystal),
    "structures of other programs": Reader(other_structure_seeds, read_a_crystal),
    "clusters": Reader(cluster_seeds, read_a_cluster),
    "studies": Reader(study_seeds, read_a_study),
    "results": Reader(result_seeds, read_a_result),
}
