"""NMR files: what is in them, in one form, against nmrglue and documented results."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data.nmr import diffusion_times, read_nmr
from nanocrystal.data.nmr_bruker_parameters import DECIMATION, GROUP_DELAY, group_delay, list_values
from nanocrystal.spectra.processing import NmrProcessing, nmr_spectrum
from support.measured import measured
from support.nmr_files import CARRIER, ZERO, fid, write_bruker

WIDTH = 20000.0
LINES = [(-3000.0, 25.0, 1e6), (1200.0, 60.0, 3e6)]


def unpacked(name: str, folder: Path) -> Path:
    """Return where a measured experiment was unpacked to, without the twins that some archives carry."""
    with zipfile.ZipFile(measured(f"nmr/bruker-data-test_MIT/{name}.zip")) as archive:
        archive.extractall(folder, [n for n in archive.namelist() if "__MACOSX" not in n])
    return next(p.parent for p in sorted(folder.rglob("acqus")))


# ---- Bruker: our reader against nmrglue ------------------------------------------------------------


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("doubles", [True, False])
def test_bruker_numbers_are_those_that_nmrglue_reads(tmp_path: Path, little: bool, doubles: bool) -> None:
    bruker = pytest.importorskip("nmrglue").bruker
    folder = write_bruker(tmp_path / "1", fid(1536, WIDTH, LINES), WIDTH, little=little, doubles=doubles)
    ours = read_nmr(folder)
    _, theirs = bruker.read(str(folder))
    np.testing.assert_allclose(ours.values, theirs, rtol=1e-12)
    assert ours.spectral_width_hz == pytest.approx(WIDTH)


def test_traces_of_a_ser_begin_at_blocks(tmp_path: Path) -> None:
    """1500 complex points are 3000 integers, which fill 12 blocks of 256 less 72."""
    rows = np.stack([fid(1500, WIDTH, LINES) * k for k in (1.0, 2.0, 3.0)])
    data = read_nmr(write_bruker(tmp_path / "1", rows, WIDTH, delays=["10m", "0.5s", "2"]))
    np.testing.assert_allclose(data.values, rows, atol=1.0)
    assert data.indirect is not None
    np.testing.assert_allclose(data.indirect.values, [0.010, 0.5, 2.0])
    assert (data.indirect.name, data.indirect.unit, data.indirect.source) == ("delay", "s", "vdlist")
    assert data.n_traces == 3
    assert data.trace(1).values.shape == (1500,)


def test_scale_of_nc_is_taken(tmp_path: Path) -> None:
    folder = write_bruker(tmp_path / "1", fid(1024, WIDTH, LINES), WIDTH, nc=-6)
    np.testing.assert_allclose(read_nmr(folder).values, fid(1024, WIDTH, LINES), atol=0.05)


def test_parameters_delays_pulses_and_temperature(tmp_path: Path) -> None:
    data = read_nmr(write_bruker(tmp_path / "1", fid(1024, WIDTH, LINES), WIDTH, delay=67.98))
    assert (data.nucleus, data.solvent, data.temperature) == ("133Cs", "Tol", 298.2)
    assert (data.carrier_mhz, data.reference_mhz) == (CARRIER, ZERO)
    assert data.parameters["delays_s"] == {"d1": 1.5, "d20": 0.1}
    assert data.parameters["pulses_us"] == {"p1": 10.0, "p30": 2000.0}
    assert data.x[68] == pytest.approx(0.02 / WIDTH)
    big, small, said = diffusion_times(data)
    assert (big, small) == (0.1, pytest.approx(0.004))
    assert "2 p30" in said


def test_delays_of_digital_filters_are_those_of_nmrglue() -> None:
    table = pytest.importorskip("nmrglue").bruker.bruker_dsp_table
    for version, delays in GROUP_DELAY.items():
        assert dict(zip(DECIMATION, delays, strict=False)) == pytest.approx(table[version], rel=1e-12)
        for decimation, delay in table[version].items():
            assert group_delay({"DSPFVS": version, "DECIM": decimation}, "")[0] == pytest.approx(delay)
    assert group_delay({"DSPFVS": 20, "DECIM": 1792, "GRPDLY": 76}, "")[0] == 76.0
    assert group_delay({"DSPFVS": 10, "DECIM": 1}, "")[0] == 0.0


@pytest.mark.parametrize("stated", [0, -1, 0.0])
def test_consoles_of_before_grpdly_have_the_delay_of_the_table(stated: float) -> None:
    """Westler & Abildgaard (1998): 72.125 points for DSPFVS 12 and DECIM 32; none where no old filter is named."""
    old = {"GRPDLY": stated, "DSPFVS": 12, "DECIM": 32}
    assert group_delay(old, Path("acqus"))[0] == 72.125
    assert group_delay({**old, "DSPFVS": 20}, Path("acqus"))[0] == 0.0
    assert group_delay({"GRPDLY": stated}, Path("acqus"))[0] == 0.0


def test_one_column_of_intensities_with_its_axis_above(tmp_path: Path) -> None:
    """From 10 ppm at the left to 0 at the right, in eleven steps of 1 by hand."""
    head = "# Spectral Region:\n# LEFT = 10.0 ppm. RIGHT = 0.0 ppm.\n#\n# SIZE = 11 ( = number of points)\n"
    path = tmp_path / "a.txt"
    path.write_text(head + "\n".join(str(k) for k in range(11)) + "\n", encoding="utf-8")
    data = read_nmr(path)
    np.testing.assert_allclose(data.x, np.arange(11.0))
    np.testing.assert_allclose(data.values.real, np.arange(11.0)[::-1])
    assert data.domain == "shift"
    told = "one column of intensities; its header states the axis, 10 to 0 ppm"
    assert told in data.notes
    path.write_text("\n".join(f"{k} {k}" for k in range(11)) + "\n", encoding="utf-8")
    assert told not in read_nmr(path).notes


def test_lists_have_units(tmp_path: Path) -> None:
    (tmp_path / "vdlist").write_text("1u\n20m\n0.3s\n; a remark\n\n4\n", encoding="latin-1")
    values, with_units = list_values(tmp_path / "vdlist")
    np.testing.assert_allclose(values, [1e-6, 0.02, 0.3, 4.0])
    assert with_units


@pytest.mark.parametrize(("name", "value"), [("vclist", 4.0), ("vplist", 4e-6), ("difflist", 0.04)])
def test_other_lists_have_their_meaning(tmp_path: Path, name: str, value: float) -> None:
    """Loops are counts, pulses µs, gradients G/cm = 0.01 T/m."""
    folder = write_bruker(tmp_path / "1", np.stack([fid(512, WIDTH, LINES)] * 2), WIDTH)
    (folder / name).write_text("2\n4\n", encoding="latin-1")
    axis = read_nmr(folder).indirect
    assert axis is not None
    assert axis.source == name
    assert axis.values[1] == pytest.approx(value)


def test_tiles_of_a_processed_series(tmp_path: Path) -> None:
    """2rr is stored in tiles of XDIM; nmrglue puts them in order too."""
    bruker = pytest.importorskip("nmrglue").bruker
    folder = write_bruker(tmp_path / "1", np.stack([fid(512, WIDTH, LINES)] * 4), WIDTH, delays=["1", "2", "3", "4"])
    processed = folder / "pdata" / "1"
    processed.mkdir(parents=True)
    numbers = np.random.default_rng(0).integers(-9999, 9999, 4 * 64).astype("<i4")
    (processed / "2rr").write_bytes(numbers.tobytes())
    base = f"##$SF= {ZERO}\n##$BYTORDP= 0\n##$OFFSET= 100.0\n##$NC_proc= 0\n"
    (processed / "procs").write_text(f"{base}##$SI= 64\n##$XDIM= 16\n##$SW_p= {WIDTH}\n", encoding="latin-1")
    (processed / "proc2s").write_text("##$SI= 4\n##$XDIM= 2\n", encoding="latin-1")
    ours = read_nmr(processed)
    theirs = bruker.read_pdata_binary(str(processed / "2rr"), (4, 64), (2, 16), big=False)[1]
    np.testing.assert_allclose(ours.values.real[:, ::-1], theirs)
    assert ours.x[-1] == 100.0
    assert ours.x[-1] - ours.x[-2] == pytest.approx(WIDTH / ZERO / 64)


# ---- other programs ---------------------------------------------------------------------------------


def spectrum_tops(data: object) -> np.ndarray:
    """Return Hz from the carrier of the two highest lines."""
    spectrum = nmr_spectrum(data, NmrProcessing(phase=None, zero_fill=4))  # type: ignore[arg-type]
    assert spectrum.frequency is not None
    height = np.abs(spectrum.values)
    low, high = spectrum.frequency < 0.0, spectrum.frequency >= 0.0
    return np.array([spectrum.frequency[k][np.argmax(height[k])] for k in (low, high)])


def test_varian_turns_the_other_way(tmp_path: Path) -> None:
    """nmrglue writes an FID in Varian's sense of rotation from one in the universal sense, which is ours."""
    ng = pytest.importorskip("nmrglue")
    universal = ng.fileiobase.create_blank_udic(1)
    universal[0] |= {"sw": WIDTH, "obs": CARRIER, "car": 0.0, "size": 1024, "label": "133Cs", "complex": True}
    converter = ng.convert.converter()
    converter.from_universal(universal, fid(1024, WIDTH, LINES).astype("complex64"))
    header, values = converter.to_varian()
    folder = tmp_path / "cs.fid"
    ng.varian.write(str(folder), header, np.asarray(values), torder="f", overwrite=True)
    text = "".join(
        _procpar(name, value)
        for name, value in {"sw": WIDTH, "sfrq": CARRIER, "reffrq": ZERO, "np": 2048, "ni": 0, "temp": 25.0}.items()
    )
    (folder / "procpar").write_text(text + '\ntn 2 2 8 0 0 2 1 0 1 64\n1 "Cs133" \n0 \n'.lstrip(), encoding="latin-1")
    data = read_nmr(folder)
    assert (data.nucleus, data.temperature) == ("133Cs", 298.15)
    np.testing.assert_allclose(spectrum_tops(data), [-3000.0, 1200.0], atol=5.0)


def _procpar(name: str, value: float) -> str:
    return f"{name} 1 1 1e+09 0 1 2 1 0 1 64\n1 {value!r} \n0 \n"


def test_nmrpipe_axis_is_that_of_nmrglue(tmp_path: Path) -> None:
    ng = pytest.importorskip("nmrglue")
    universal = ng.fileiobase.create_blank_udic(1)
    universal[0] |= {"sw": WIDTH, "obs": CARRIER, "car": 72.4 * CARRIER, "size": 1024, "label": "133Cs"}
    universal[0] |= {"complex": True, "time": True, "freq": False}
    converter = ng.convert.converter()
    converter.from_universal(universal, fid(1024, WIDTH, LINES).astype("complex64"))
    header, values = converter.to_pipe()
    ng.pipe.write(str(tmp_path / "cs.fid"), header, np.asarray(values), overwrite=True)
    data = read_nmr(tmp_path / "cs.fid")
    np.testing.assert_allclose(spectrum_tops(data), [-3000.0, 1200.0], atol=5.0)
    # the spectrum that nmrglue's own copy of NMRPipe makes, on its axis and on ours
    header, values = ng.pipe_proc.ft(*ng.pipe_proc.zf(*ng.pipe.read(str(tmp_path / "cs.fid")), size=4096), auto=True)
    theirs = ng.pipe.make_uc(header, values).ppm_scale()[int(np.argmax(np.abs(values)))]
    ng.pipe.write(str(tmp_path / "cs.ft1"), header, values, overwrite=True)
    processed = read_nmr(tmp_path / "cs.ft1")
    for one in (data, processed):
        spectrum = nmr_spectrum(one, NmrProcessing(phase=None, zero_fill=4))
        assert spectrum.x[np.argmax(np.abs(spectrum.values))] == pytest.approx(theirs, abs=0.05)


JCAMP = """##TITLE= ethanol
##JCAMP-DX= 5.01
##DATA TYPE= NMR SPECTRUM
##DATA CLASS= XYDATA
##ORIGIN= test
##OWNER= test
##.OBSERVE FREQUENCY= 100.0
##.OBSERVE NUCLEUS= ^1H
##XUNITS= HZ
##YUNITS= ARBITRARY UNITS
##XFACTOR= 1.0
##YFACTOR= 0.5
##FIRSTX= 900
##LASTX= 0
##DELTAX= -100
##NPOINTS= 10
##FIRSTY= 0
##XYDATA= (X++(Y..Y))
900 0 0 2 40 2
400 0 0 8 0 0
##END=
"""


def test_jcamp_spectrum_by_hand(tmp_path: Path) -> None:
    pytest.importorskip("nmrglue")
    (tmp_path / "a.jdx").write_text(JCAMP, encoding="ascii")
    data = read_nmr(tmp_path / "a.jdx")
    assert data.nucleus == "1H"
    np.testing.assert_allclose(data.x, np.arange(10.0))
    np.testing.assert_allclose(data.values.real, [0, 0, 4, 0, 0, 1, 20, 1, 0, 0])


def test_simpson_text(tmp_path: Path) -> None:
    values = fid(64, WIDTH, LINES)
    rows = "\n".join(f"{float(v.real)!r} {float(v.imag)!r}" for v in values)
    (tmp_path / "a.fid").write_text(f"SIMP\nNP=64\nSW={WIDTH}\nTYPE=FID\nDATA\n{rows}\nEND\n", encoding="ascii")
    data = read_nmr(tmp_path / "a.fid", nucleus="133Cs", carrier_mhz=52.5)
    np.testing.assert_allclose(data.values, values)
    assert data.x[1] == pytest.approx(1.0 / WIDTH)
    (tmp_path / "a.spe").write_text(f"SIMP\nNP=64\nSW={WIDTH}\nTYPE=SPE\nDATA\n{rows}\nEND\n", encoding="ascii")
    assert read_nmr(tmp_path / "a.spe").x[32] == 0.0


def test_text_in_both_directions(tmp_path: Path) -> None:
    x, y = np.linspace(-5.0, 15.0, 101), np.exp(-((np.linspace(-5.0, 15.0, 101) - 3.0) ** 2))
    up, down = tmp_path / "up.csv", tmp_path / "down.txt"
    up.write_text("ppm,intensity\n" + "\n".join(f"{a},{b}" for a, b in zip(x, y, strict=True)), encoding="utf-8")
    down.write_text("\n".join(f"{a}\t{b}" for a, b in zip(x[::-1], y[::-1], strict=True)), encoding="utf-8")
    first, second = read_nmr(up), read_nmr(down)
    np.testing.assert_allclose(first.x, second.x)
    np.testing.assert_allclose(first.values, second.values)
    assert any("reversed" in note for note in second.notes)
    spectrum = nmr_spectrum(second)
    assert spectrum.x[np.argmax(spectrum.real)] == pytest.approx(3.0)


# ---- measured ---------------------------------------------------------------------------------------

T1_DOCUMENTED = {4.338: 1.397, 3.156: 1.260, 2.172: 1.656, 1.809: 0.857, 1.586: 0.805, 1.499: 0.736, 1.328: 1.431}
"""ppm -> s, as the spectrometer's own program printed them in dt1t2.txt; those of single multiplets"""


def test_measured_t1_from_raw_data(tmp_path: Path) -> None:
    from scipy.optimize import least_squares

    data = read_nmr(unpacked("inversionRecovery2D", tmp_path))
    assert data.values.shape == (10, 4096)
    assert (data.nucleus, data.temperature, data.solvent) == ("1H", 298.0, "DMSO")
    assert data.indirect is not None
    np.testing.assert_allclose(data.indirect.values, [10, 5, 4, 3, 2, 1, 0.5, 0.25, 0.1, 0.01])
    spectrum = nmr_spectrum(data, NmrProcessing(exponential_hz=0.5))
    t = data.indirect.values
    for shift, documented in T1_DOCUMENTED.items():
        y = spectrum.integral(shift - 0.03, shift + 0.03)
        y = y / y[0]
        found = least_squares(lambda p, y=y: p[0] * (1 - p[1] * np.exp(-t / p[2])) - y, [1.0, 1.8, 1.0]).x[2]
        assert found == pytest.approx(documented, rel=0.035), shift


def test_measured_processed_series_agrees_with_ours(tmp_path: Path) -> None:
    folder = unpacked("inversionRecovery2D", tmp_path)
    theirs = nmr_spectrum(read_nmr(folder / "pdata" / "1"))
    ours = nmr_spectrum(read_nmr(folder), NmrProcessing(exponential_hz=0.5))
    for low, high in ((4.30, 4.38), (0.70, 0.76)):
        a, b = (s.integral(low, high) for s in (ours, theirs))
        np.testing.assert_allclose(a / a[0], b / b[0], atol=0.02)
        inside = [(one.x > low) & (one.x < high) for one in (ours, theirs)]
        tops = [o.x[k][np.argmax(np.abs(o.real[0][k]))] for o, k in zip((ours, theirs), inside, strict=True)]
        assert tops[0] == pytest.approx(tops[1], abs=0.012)


def test_measured_integrals_of_aspirin(tmp_path: Path) -> None:
    """Documented: 2.579, 1, 1.069, 0.972, 2.953 for OH and H6, H4, H5, H3, CH3."""
    spectrum = nmr_spectrum(read_nmr(unpacked("aspirin-1h", tmp_path)), NmrProcessing(exponential_hz=0.3, baseline=2))
    regions = ((8.00, 8.38), (7.47, 7.60), (7.23, 7.35), (7.01, 7.13), (2.21, 2.34))
    areas = np.array([float(spectrum.integral(*r)) for r in regions])
    np.testing.assert_allclose(areas / areas[1], [2.579, 1.0, 1.069, 0.972, 2.953], rtol=0.015)


def test_measured_diffusion_series() -> None:
    folder = measured("nmr/NMRTools.jl_MIT/15n-xste-ts3/ser").parent
    data = read_nmr(folder)
    assert data.values.shape == (8, 1024)
    assert data.indirect is not None
    assert (data.indirect.name, data.indirect.unit) == ("gradient", "T/m")
    np.testing.assert_allclose(data.indirect.values[[0, -1]], [0.02407, 0.45742])
    assert diffusion_times(data)[:2] == (0.1, pytest.approx(0.004))
    assert read_nmr(folder / "pdata" / "1").values.shape == (8, 4096)
