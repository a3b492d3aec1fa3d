"""[reduction.NAME] in a study: the command, its files, data sets that use them, and one sentence for each mistake."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.data import read_curve
from nanocrystal.errors import InputError
from nanocrystal.study import read_study
from nanocrystal.study.reduction import read_reductions
from support.reduction_samples import DENSITY, atomic, capillary, hard_spheres

SAMPLE = f"""
file = "liquid.chi"
composition = "Ni"
qmax = 20.0
number_density = {DENSITY}
r = "0:20:0.02"

[reduction.liquid.blanks.capillary]
file = "capillary.chi"
scale = 0.9
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with counts of a liquid and of its empty capillary, on two grids."""
    rng = np.random.default_rng(8)
    q, blank_q = np.arange(0.3, 22.0, 0.02), np.arange(0.1, 22.2, 0.033)
    squared_mean, _ = atomic(q, {"Ni": 1.0})
    mean = 60.0 * squared_mean * hard_spheres(q) + 0.9 * capillary(q)
    for name, x, y in (("liquid", q, mean), ("other", q, mean), ("capillary", blank_q, capillary(blank_q))):
        counts = rng.poisson(y)
        rows = np.stack([x, counts, np.sqrt(np.maximum(counts, 1.0))], axis=1)
        np.savetxt(tmp_path / f"{name}.chi", rows, fmt="%.6g", header="Q I sigma")
    return tmp_path


def study(folder: Path, text: str = "", changed: str = SAMPLE) -> Path:
    path = folder / "study.toml"
    path.write_text(f"[reduction.liquid]\n{changed}\n{text}", encoding="utf-8")
    return path


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    return result.exit_code, result.stdout, result.stderr


# ---- the command --------------------------------------------------------------------------------------


def test_reduce_writes_what_our_readers_and_others_read(folder: Path) -> None:
    code, out, err = run("reduce", study(folder), "--out", folder / "out")
    assert code == 0, err
    assert out.strip() == str(folder / "out" / "report.html")
    assert "blank capillary: 0.9 (given)" in err
    written = sorted(p.name for p in (folder / "out").iterdir())
    assert written == sorted(
        [
            "liquid.fq",
            "liquid.gr",
            "liquid.iq",
            "liquid.sq",
            "liquid_d.csv",
            "reduction.json",
            "report.html",
            "study.toml",
        ]
    )
    document = json.loads((folder / "out" / "reduction.json").read_text(encoding="utf-8"))
    assert sorted(document["files"]) == written
    result = read_reductions(folder / "study.toml").run().reductions["liquid"]
    for suffix, y_name, y in (
        ("sq", "s", result.structure.s),
        ("fq", "f", result.structure.f),
        ("gr", "g", result.pdf.g),
    ):
        curve = read_curve(folder / "out" / f"liquid.{suffix}")
        assert curve.y_name == y_name
        assert curve.sigma is not None
        np.testing.assert_allclose(curve.y, y[-len(curve.y) :], rtol=1e-7, atol=1e-9)
        assert float(curve.metadata["qmax"]) == 20.0
        assert curve.metadata["composition"] == "Ni"
    assert document["reductions"]["liquid"]["settings"]["qmax"] == "20"
    assert document["reductions"]["liquid"]["checks"]["integral"]["expected"] == pytest.approx(-2 * np.pi**2 * DENSITY)


def test_other_programs_read_the_pdf(folder: Path) -> None:
    """diffpy.utils and pdffit2, the program inside PDFgui."""
    run("reduce", study(folder), "--out", folder / "out", "--quiet")
    ours = read_curve(folder / "out" / "liquid.gr")
    parsers = pytest.importorskip("diffpy.utils.parsers")
    table = parsers.load_data(str(folder / "out" / "liquid.gr"))
    np.testing.assert_allclose(table[:, :2], np.stack([ours.x, ours.y], axis=1))
    pdffit2 = pytest.importorskip("diffpy.pdffit2")
    pdffit2.redirect_stdout(io.StringIO())
    program = pdffit2.PdfFit()
    program.add_structure(pytest.importorskip("diffpy.structure").Structure())
    program.read_data(str(folder / "out" / "liquid.gr"), "X", 20.0, 0.0)
    np.testing.assert_allclose(program.getpdf_obs(), ours.y, rtol=1e-6, atol=1e-9)


def test_quiet_and_foreign_files(folder: Path) -> None:
    path = study(folder)
    code, out, err = run("reduce", path, "--quiet")
    assert (code, err) == (0, "")
    assert out.strip() == str(folder / "study-reduced" / "report.html")
    assert run("reduce", path, "--quiet")[0] == 0  # our own files may be replaced
    (folder / "foreign").mkdir()
    (folder / "foreign" / "liquid.gr").write_text("mine", encoding="utf-8")
    code, _, err = run("reduce", path, "--out", folder / "foreign")
    assert code == 2
    assert "would replace 'liquid.gr'" in err
    assert (folder / "foreign" / "liquid.gr").read_text(encoding="utf-8") == "mine"


def test_short_form_is_that_of_the_blank(folder: Path) -> None:
    """backgroundfile and bgscale, as PDFgetX3 calls them."""
    long = read_reductions(study(folder)).run().reductions["liquid"]
    short = SAMPLE.partition("[reduction.liquid.blanks")[0] + 'backgroundfile = "capillary.chi"\nbgscale = 0.9\n'
    np.testing.assert_array_equal(
        read_reductions(study(folder, changed=short)).run().reductions["liquid"].pdf.g, long.pdf.g
    )


def test_units_of_the_abscissa_do_not_matter(folder: Path) -> None:
    """The same counts over 2θ, and over Q in nm⁻¹."""
    g = read_reductions(study(folder)).run().reductions["liquid"].pdf.g
    for name in ("liquid", "capillary"):
        x, *rest = read_curve(folder / f"{name}.chi").x, read_curve(folder / f"{name}.chi")
        y, sigma = rest[0].y, rest[0].sigma
        assert sigma is not None
        angle = np.degrees(2.0 * np.arcsin(x * 0.2 / (4.0 * np.pi)))
        np.savetxt(folder / f"{name}.xye", np.stack([angle, y, sigma], axis=1), fmt="%.10g")
        np.savetxt(folder / f"{name}_nm.chi", np.stack([10.0 * x, y, sigma], axis=1), fmt="%.10g")
    angles = SAMPLE.replace(".chi", ".xye").replace("qmax", "wavelength = 0.2\nqmax")
    nm = SAMPLE.replace(".chi", "_nm.chi").replace("qmax", 'q_unit = "1/nm"\nqmax')
    for text in (angles, nm):
        found = read_reductions(study(folder, changed=text)).run().reductions["liquid"].pdf.g
        np.testing.assert_allclose(found, g, atol=2e-5)


def test_differential_and_unchanged_of_a_study(folder: Path) -> None:
    second = SAMPLE.replace("liquid", "second").replace("second.chi", "other.chi")
    text = f"[reduction.second]\n{second}\n[reduction.second.differential.liquid]\nscale = 1.0\n"
    text += "[reduction.second.unchanged.liquid]\nbackground_terms = 2\n"
    text += "[reduction.second.unchanged.liquid.components.oxide]\npeaks = [[4.1, 1.0], [6.0, 0.5]]\nsize = 30.0\n"
    code, _, err = run("reduce", study(folder, text), "--out", folder / "out")
    assert code == 0, err
    assert "second and liquid do not differ by more than the noise" in err
    document = json.loads((folder / "out" / "reduction.json").read_text(encoding="utf-8"))
    said = document["unchanged"]["second against liquid"]
    assert said["differs"] is False
    assert said["components"]["oxide"]["limit"] < 0.05
    assert abs(said["strain"]["value"]) < 4.0 * said["strain"]["stderr"]
    difference = read_curve(folder / "out" / "second_minus_liquid.gr")
    assert difference.sigma is not None
    inner = np.abs(difference.y) / difference.sigma
    assert np.sqrt(np.mean(inner**2)) == pytest.approx(1.0, abs=0.2)  # two counts of the same differ by their noise
    assert (folder / "out" / "second_against_liquid.csv").is_file()


# ---- data sets ----------------------------------------------------------------------------------------

FITTED = """
[crystals.ni]
library = "Ni"
u_iso = { Ni = { value = 0.02, vary = true } }
[populations.powder]
crystal = "ni"
shape = "SHAPE"
[datasets.fit]
technique = "TECHNIQUE"
reduction = "liquid"
"""


def fitted(shape: str, technique: str, more: str) -> str:
    return FITTED.replace("SHAPE", shape).replace("TECHNIQUE", technique) + more


def test_a_check_that_fails_is_marked_on_the_terminal(folder: Path) -> None:
    """These counts hold no Compton scattering: taken off all the same, S(Q) ends a tenth below 1."""

    def checks(text: str) -> list[str]:
        said = run("reduce", study(folder, "", text))[2]
        return [line for line in said.splitlines() if ", expected " in line]

    off = checks(SAMPLE.replace("qmax = 20.0", 'qmax = 20.0\nmethod = "physical"'))
    assert off[-1].startswith("    ! mean S(Q) over the last quarter of Q, to be 1: 0.89")
    assert off[-1].endswith("), expected 1")
    assert all(line.startswith("    ") and line[4] != "!" for line in checks(SAMPLE)[:2])  # not kept by the polynomial


def test_pdf_of_a_study_takes_curve_sigma_and_qmax_from_the_reduction(folder: Path) -> None:
    """The same as if the written .gr were named; a qmax that differs is refused."""
    run("reduce", study(folder), "--out", folder / "out", "--quiet")
    described = read_study(study(folder, fitted("bulk", "pdf", "r_range = [1.5, 10.0]\n")))
    direct = described.datasets["fit"].bind("fit", described.sample, folder).measured
    text = fitted("bulk", "pdf", "r_range = [1.5, 10.0]\n").replace('reduction = "liquid"', 'file = "out/liquid.gr"')
    from_file = read_study(study(folder, text))
    indirect = from_file.datasets["fit"].bind("fit", from_file.sample, folder).measured
    np.testing.assert_allclose(direct.observed, indirect.observed, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(direct.sigma, indirect.sigma, rtol=1e-6)
    assert direct.x[1] - direct.x[0] == pytest.approx(np.pi / 20.0)
    assert any("liquid.chi (method polynomial" in note for note in direct.notes)
    other = read_study(study(folder, fitted("bulk", "pdf", "r_range = [1.5, 10.0]\nqmax = 19.0\n")))
    with pytest.raises(InputError, match=r"fit\.qmax: is 19 Å⁻¹, but the reduction goes to 20; say the same in both"):
        other.datasets["fit"].bind("fit", other.sample, folder)
    same = read_study(study(folder, fitted("bulk", "pdf", "r_range = [1.5, 10.0]\nqmax = 20.0\n")))
    assert same.datasets["fit"].bind("fit", same.sample, folder).qmax == 20.0


def test_total_scattering_of_a_study_takes_the_intensity(folder: Path) -> None:
    shape = 'sphere"\ndiameter = 20.0\n#"'
    described = read_study(study(folder, fitted(shape, "total-scattering", "q_range = [1.0, 15.0]\n")))
    measured = described.datasets["fit"].bind("fit", described.sample, folder).measured
    result = read_reductions(folder / "study.toml").run().reductions["liquid"]
    inside = (result.corrected.q >= 1.0) & (result.corrected.q <= 15.0)
    np.testing.assert_allclose(measured.observed, result.corrected.value[inside])
    np.testing.assert_allclose(measured.sigma, result.corrected.sigma[inside])


def test_candidates_keep_their_reduction(folder: Path) -> None:
    text = fitted("bulk", "pdf", "r_range = [1.5, 10.0]\n")
    text += "[candidates.base]\n[candidates.other.crystals.ni]\nu_iso = { Ni = 0.05 }\n"
    assert set(read_study(study(folder, text)).candidates) == {"base", "other"}
    wrong = text + '[candidates.third.datasets.fit]\nreduction = "none"\n'
    with pytest.raises(InputError, match="reduction"):
        read_study(study(folder, wrong))


# ---- mistakes -----------------------------------------------------------------------------------------


def sentence(path: Path) -> str:
    """Return the one message of a reduction that cannot be; no traceback, nothing written, exit code 2."""
    code, _, err = run("reduce", path, "--out", path.parent / "nothing")
    assert code == 2, err
    assert "Traceback" not in err
    assert err.startswith("Error: ")
    assert not (path.parent / "nothing").exists()
    return err


MISTAKES = [
    ("qmax = 20.0", "qmax = 23.0", "qmax: is 23 Å⁻¹, beyond the data: liquid.chi goes to 21.98"),
    ("qmax = 20.0", "qmaxinst = 23.0", "qmaxinst: is 23 Å⁻¹, beyond the data"),
    ("qmax = 20.0", "qmax = 20.0\nqmaxinst = 19.0", "above qmaxinst = 19"),
    ("qmax = 20.0", "qmin = 30.0", "needs 0 ≤ qmin < qmax"),
    ("qmax = 20.0", "rpoly = 12.0", "rpoly: must lie within 0 and 3 Å, got 12"),
    ("qmax = 20.0", "rpoly = -1.0", "rpoly: must lie within 0 and 3 Å"),
    ("qmax = 20.0", "rpoly = nan", "finite number"),
    ("qmax = 20.0", 'qmax = "20"', "leave out the quotation marks"),
    ("qmax = 20.0", "qmx = 20.0", "did you mean 'qmax'"),
    ("qmax = 20.0", "wavelength = 0.2\nenergy = 50000.0", "50000 eV is 0.24797 Å, but wavelength says 0.2 Å; give one"),
    ("qmax = 20.0", "energy = 60.0", "if it is in keV, write energy = 60000"),
    ("qmax = 20.0", "wavelength = 1.54\npolarization = 0.5", "reaches Q = 8.16 Å⁻¹ at most, but the data go to 21.98"),
    ("qmax = 20.0", "polarization = 0.5", "give the wavelength (Å) or the energy"),
    ("qmax = 20.0", "wavelength = 0.2\npolarization = 1.5", "lies within 0 and 1, got 1.5"),
    ("qmax = 20.0", "fluorescence = 3.0", 'is for method = "physical"'),
    ("qmax = 20.0", 'method = "physical"\nfluorescence = -3.0', 'must be a number of at least 0 (electron units'),
    ("qmax = 20.0", 'method = "magic"', "must be 'polynomial' or 'physical'"),
    ("qmax = 20.0", "number_density = -1.0", "twice"),
    ("qmax = 20.0", "density = 8.9", "number_density says 0.055; give one"),
    ("qmax = 20.0", "anomalous = true", "needs the wavelength"),
    ('r = "0:20:0.02"', 'r = "0:200:0.02"', "say nothing beyond π/ΔQ = 157 Å"),
    ('r = "0:20:0.02"', 'r = "20:0:0.02"', "needs 0 ≤ START < STOP"),
    ('r = "0:20:0.02"', 'r = "all"', 'must be text such as "0:60:0.01"'),
    ('composition = "Ni"', 'composition = ""', 'composition: is empty; give a formula such as "CsPbBr3"'),
    ('composition = "Ni"', 'composition = "Nq"', "'Nq' in 'Nq' is no element"),
    ('composition = "Ni"', 'composition = "Ni(OH)2"', "has brackets"),
    ('composition = "Ni"', 'composition = "ni"', "cannot be read at 'ni'"),
    ('composition = "Ni"', 'composition = "Ni0"', "holds no atoms"),
    ('composition = "Ni"', 'composition = "Bk"', "there is no"),
    ('composition = "Ni"', "", 'composition: is missing: write the formula of the sample, such as composition = "Ni"'),
    ('file = "liquid.chi"', 'image = "x.tif"', 'write [reduction.liquid.image] with file = "x.tif"'),
    ('"liquid.chi"', '"liqiud.chi"', "there is no file"),
    ('"liquid.chi"', '"."', "is a folder"),
    ('"capillary.chi"', '"capilary.chi"', "did you mean 'capillary.chi'"),
    ("scale = 0.9", "", "capillary: needs a scale, or a fit_range"),
    ("scale = 0.9", "fit_range = [5.0, 4.0]", "needs low < high"),
    ("scale = 0.9", "fit_range = [30.0, 40.0]", "holds 0 points of liquid.chi"),
    ("qmax = 20.0", "bgscale = 1.0", "is the scale of backgroundfile, which is missing"),
    ("qmax = 20.0", 'q_range = [30.0, 40.0]', "reaches beyond liquid.chi"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES, ids=[m[1].replace("\n", " ")[:30] for m in MISTAKES])
def test_one_clear_sentence(folder: Path, old: str, new: str, said: str) -> None:
    message = sentence(study(folder, changed=SAMPLE.replace(old, new, 1)))
    assert said in message
    assert "study.toml" in message


def test_where_it_is_wrong_is_said(folder: Path) -> None:
    text = SAMPLE.replace("qmax = 20.0", "qmax = 23.0")
    assert "study.toml, line 5: reduction.liquid.qmax" in sentence(study(folder, changed=text))


def test_blank_that_does_not_cover_the_sample(folder: Path) -> None:
    rows = np.loadtxt(folder / "capillary.chi")
    np.savetxt(folder / "capillary.chi", rows[rows[:, 0] < 15.0], fmt="%.6g", header="Q I sigma")
    said = sentence(study(folder))
    assert "capillary.chi goes from 0.1 to 14.983 Å⁻¹ and does not cover the sample, from 0.3 to" in said
    assert "q_range = [0.3, 14.983]" in said
    shorter = SAMPLE.replace("qmax = 20.0", "q_range = [0.3, 14.98]")
    assert run("reduce", study(folder, changed=shorter), "--quiet")[0] == 0


def test_counts_that_are_none(folder: Path) -> None:
    rows = np.loadtxt(folder / "liquid.chi")
    rows[40, 1] = -5.0
    np.savetxt(folder / "liquid.chi", rows[:, :2], fmt="%.6g", header="Q I")
    counting = SAMPLE.replace("qmax = 20.0", 'sigma = "counting"')
    assert "counts must not be negative, but at q = 1.1 there is -5" in sentence(study(folder, changed=counting))
    assert "liquid.chi has no σ" in sentence(study(folder, changed=SAMPLE.replace("qmax = 20.0", 'sigma = "file"')))
    bare = read_reductions(study(folder)).run().reductions["liquid"]
    assert bare.pdf.sigma is None
    assert any("has no σ" in note for note in bare.notes)
    rows[40, 1] = np.nan
    np.savetxt(folder / "liquid.chi", rows[:, :2], fmt="%.6g", header="Q I")
    assert "line 42: '1.1 nan' holds a missing" in sentence(study(folder))


def test_files_that_are_something_else(folder: Path) -> None:
    for name, text, said in (
        ("x.gr", "0.1 1\n0.2 2\n0.3 3\n", "a reduction needs intensity over q or two_theta, but this holds g over r"),
        ("x.xy", "\n".join(f"{10 + k} {k}" for k in range(40)), "is over 2θ; give the wavelength"),
        ("x.chi", "0.1 1\n0.2 2\n0.3 3\n", "has 3 points; a reduction needs at least 20"),
        ("y.chi", "\n".join(f"{10 * k} 5" for k in range(1, 40)), 'say q_unit = "1/nm"'),
        ("z.chi", "\n".join(f"{k} 0" for k in range(1, 40)), "is not positive on the whole"),
    ):
        (folder / name).write_text(text, encoding="utf-8")
        changed = f'file = "{name}"\ncomposition = "Ni"\nr = "0:2:0.01"\n'
        assert said in sentence(study(folder, changed=changed)), name


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('geometry = "sphere"', "must be 'cylinder', 'plate-normal'"),
        ('geometry = "cylinder"', "needs mu_radius, or radius (mm) and density"),
        ('geometry = "cylinder"\nmu_thickness = 1.0', "does not fit geometry = 'cylinder'"),
        ('geometry = "cylinder"\nmu_radius = -1.0', "must lie within 0 and 30"),
        ('geometry = "cylinder"\nradius = 0.0\ndensity = 5.0', "must be above 0"),
    ],
)
def test_absorption_that_cannot_be(folder: Path, table: str, said: str) -> None:
    text = SAMPLE.replace("qmax = 20.0", "qmax = 20.0\nwavelength = 0.2")
    assert said in sentence(study(folder, f"[reduction.liquid.absorption]\n{table}\n", text))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[reduction.liquid.differential.liqid]\nscale = 1.0", "there is no reduction 'liqid'; did you mean 'liquid'"),
        ("[reduction.liquid.unchanged.liquid]", "is the reduction itself"),
        ("[reduction.liquid.unchanged.liquid]\nbackground_terms = -1", "must be at least 0"),
        ("[reductions.liquid]\nfile = 1", "unknown key"),
        (
            "[reduction.liquid.unchanged.x.components.a]\npeaks = [[1, 2, 3]]",
            "must be a list of [position in Å⁻¹, area]",
        ),
        ("[reduction.liquid.blanks.background]\nfile = 3", "must be text in quotation marks, got 3"),
    ],
)
def test_tables_that_cannot_be(folder: Path, more: str, said: str) -> None:
    assert said in sentence(study(folder, more))


def test_study_without_reduction(folder: Path) -> None:
    (folder / "study.toml").write_text('title = "x"\n[reductoin.a]\n', encoding="utf-8")
    assert "[reductoin] is unknown; has no reduction; add a table [reduction.NAME]" in sentence(folder / "study.toml")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('reduction = "liqid"', "datasets.fit.reduction: there is no reduction 'liqid'; did you mean 'liquid'"),
        ('reduction = "liquid"\nfile = "x.gr"', "stands beside file"),
        ('reduction = "liquid"\nr = "1:2:0.1"', "needs either a file or"),
    ],
)
def test_data_sets_that_cannot_be(folder: Path, line: str, said: str) -> None:
    text = fitted("bulk", "pdf", "").replace('reduction = "liquid"', line)
    code, _, err = run("refine", study(folder, text), "--out", folder / "nothing")
    assert code == 2
    assert said in err


def test_errors_of_the_reduction_come_out_of_refine(folder: Path) -> None:
    path = study(folder, fitted("bulk", "pdf", "r_range = [1.5, 10.0]\n"), SAMPLE.replace("20.0", "23.0", 1))
    code, _, err = run("refine", path, "--out", folder / "nothing")
    assert code == 2
    assert "line 5: reduction.liquid.qmax: is 23 Å⁻¹, beyond the data" in err


def test_interrupted_before_the_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nanocrystal.study.reduction.reduced_pattern", interrupt)
    code, _, err = run("reduce", study(folder), "--out", folder / "nothing")
    assert code == 130
    assert "Interrupted" in err
    assert not (folder / "nothing").exists()
    shutil.rmtree(folder)
