"""Three pieces of user code, as Python has them: against studies, against files, and what they refuse."""

from __future__ import annotations

import pickle
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.data import read_curve
from nanocrystal.measurement import CurveTechnique
from nanocrystal.parameters import Declares
from nanocrystal.parameters.given import check_of
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.spectra import LINES, SumOfForms
from nanocrystal.spectra.batch import fit_batch
from nanocrystal.spectra.lines import gaussian
from nanocrystal.study import read_candidates
from nanocrystal.study.candidates import base_and_candidates
from nanocrystal.techniques import TECHNIQUES
from support.measured import measured
from support.nickel import synthetic
from support.paths import ROOT
from support.round_trip import differences
from support.series_members import SmallSeries
from support.small_study import CIF, SmallStudy
from support.structures import NICKEL
from support.tutorials import pieces

STRUCTURE = parse_cif(NICKEL, "Ni.cif")
STUDY = """title = "Pt"

[crystals.pt]
cif = "Pt.cif"
a = { value = 3.92, vary = true }
u_iso = { Pt = { value = 0.009, vary = true } }

[populations.dots]
crystal = "pt"
shape = "sphere"
diameter = { value = 40.0, vary = true }

[datasets.pdf]
technique = "pdf"
file = "Pt.gr"
r_range = [1.5, 50.0]
qmax = 25.0
qdamp = 0.045
qbroad = 0.017
delta2 = { value = 4.0, vary = true }
"""


def platinum() -> nc.Population:
    pt = nc.Crystal("Pt.cif", name="pt", a=nc.vary(3.92), u_iso={"Pt": nc.vary(0.009)})
    return nc.Population(pt, shape=nc.Sphere(nc.vary(40.0)), name="dots")


def platinum_pdf(*file: str, **arrays: Any) -> nc.Pdf:
    settings: dict[str, Any] = {"r_range": (1.5, 50.0), "qmax": 25.0, "qdamp": 0.045, "qbroad": 0.017}
    return nc.Pdf(*file, **settings, delta2=nc.vary(4.0), **arrays)


@pytest.fixture
def in_platinum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the measured data and their study."""
    for name, called in (("Pt-nanoparticles.gr", "Pt.gr"), ("Pt.cif", "Pt.cif")):
        (tmp_path / called).write_bytes(measured(f"pdf/pdfttp_ch03NiModelling/{name}").read_bytes())
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def nickel(name: str = "ni", **keys: Any) -> nc.Crystal:
    return nc.Crystal(STRUCTURE, name=name, u_iso={"Ni": 0.006}, **keys)


@pytest.fixture
def nickel_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with Ni.cif and the calculated ni.gr."""
    (tmp_path / "Ni.cif").write_text(CIF, encoding="utf-8")
    synthetic(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---- first piece: one sample, one data set ---------------------------------------------------------


def test_python_finds_what_the_study_finds(in_platinum: Path) -> None:
    """Values to 1e-6 of their standard errors, at the same addresses in the same order, from a file and from arrays."""
    by_study = nc.read_study("study.toml").refine()
    curve = read_curve(Path("Pt.gr"))
    arrays = platinum_pdf(r=curve.x, g=curve.y, sigma=curve.sigma)
    for fit in (nc.refine(platinum(), platinum_pdf("Pt.gr")), nc.refine([platinum()], {"pdf": arrays})):
        assert list(fit.parameters) == list(by_study.parameters)
        assert list(fit.derived) == list(by_study.derived)
        for address in ("crystals.pt.a", "populations.dots.diameter", "datasets.pdf.scale", "datasets.pdf.delta2"):
            known = by_study.parameters[address]
            assert known.stderr is not None
            assert fit.parameters[address].value == pytest.approx(known.value, abs=1e-6 * known.stderr)
            assert fit.parameters[address].stderr == pytest.approx(known.stderr, rel=1e-6)
        assert fit["dots.diameter"] is fit.parameters["populations.dots.diameter"]
        assert fit["pt.a"] is fit.parameters["crystals.pt.a"]
        assert fit["pdf.scale"] is fit["datasets.pdf.scale"] is fit["scale"]
        assert fit["dots.n_atoms_mean"] is fit.derived["populations.dots.n_atoms_mean"]


def test_a_study_of_python_reads_back_equal(in_platinum: Path) -> None:
    """A bare number of a study is a fixed parameter; that said, every object is the same."""
    pdf = replace(platinum_pdf("Pt.gr"), qdamp=nc.fixed(0.045), qbroad=nc.fixed(0.017))
    study = nc.Study("Pt", platinum(), pdf)
    text = study.to_toml()
    again, _ = base_and_candidates(tomllib.loads(text), Path("study.toml"), text)
    assert isinstance(again, nc.Study)
    assert list(differences(study, again)) == []
    assert again.to_toml() == text == nc.Study("Pt", platinum(), platinum_pdf("Pt.gr")).to_toml()
    assert list(differences(study, nc.read_study("study.toml"))) == []


def test_names_of_addresses(nickel_files: Path) -> None:
    fit = nc.refine(
        nc.Population(nc.Crystal("Ni.cif"), shape=nc.Sphere(nc.vary(29.0))),
        nc.Pdf("ni.gr", r_range=(1.5, 35.0), qmax=20.0, delta2=2.0),
    )
    assert fit["Ni.diameter"].value == pytest.approx(30.0, abs=4.0 * fit["Ni.diameter"].stderr)
    for address, sentence in {
        "Ni.diametr": "did you mean 'Ni.diameter'",
        "populations.Ni.diamter": "did you mean 'populations.Ni.diameter'",
        "diametr": "did you mean 'diameter'",
        "saxs.scale": "did you mean 'pdf.scale'",
    }.items():
        with pytest.raises(nc.InputError, match=sentence) as raised:
            fit[address]
        assert raised.value.where == address
    with pytest.raises(nc.InputError, match=r"^address: must be text such as 'crystals\.pt\.a', got the number 3"):
        fit[3]


def test_an_ambiguous_address_names_the_candidates() -> None:
    from nanocrystal.parameters.address import full_address

    known = ["populations.a.diameter", "populations.b.diameter", "crystals.a.a", "datasets.a.scale"]
    with pytest.raises(nc.InputError) as raised:
        full_address("diameter", known)
    assert str(raised.value) == (
        "diameter: is the end of several addresses: populations.a.diameter, populations.b.diameter; say which is meant."
    )
    assert full_address("a.diameter", known) == "populations.a.diameter"
    assert full_address("a.a", known) == "crystals.a.a"
    assert full_address("scale", known) == "datasets.a.scale"
    with pytest.raises(nc.InputError, match=r"^two\.x: is the end of several addresses: k\.two\.x, l\.two\.x"):
        full_address("two.x", ["k.two.x", "l.two.x"])


def test_populations_share_a_crystal() -> None:
    ni = nickel(a=nc.vary(3.52))
    small, large = (nc.Population(ni, shape=nc.Sphere(d), name=n) for n, d in (("small", 20.0), ("large", 60.0)))
    sample = nc.Sample([small, large])
    assert list(sample.crystals) == ["ni"]
    assert list(sample.populations) == ["small", "large"]
    assert [a for a in sample.declared() if a.endswith(".a")] == ["crystals.ni.a"]
    assert nc.Sample({"x": small}).populations["x"].name == "x"
    by_names = nc.Sample({"small": nc.Population("ni", nc.Sphere(20.0))}, {"ni": ni})
    assert list(differences(nc.Sample(small), by_names)) == []


def test_curves_of_all_forms_of_a_sample() -> None:
    """A population, a list, a mapping and a sample of names are the same sample."""
    ni, pdf = nickel(), nc.Pdf(r="1:20:0.05", qmax=20.0)
    dots = nc.Population(ni, shape=nc.Sphere(30.0), name="dots")
    by_names = nc.Sample({"dots": nc.Population("ni", nc.Sphere(30.0))}, {"ni": ni})
    known = nc.simulated_curves(by_names, {"pdf": pdf}, Path())["pdf"]["g"]
    for sample in (dots, [dots], {"dots": dots}, by_names):
        assert np.array_equal(nc.simulated_curves(sample, pdf)["pdf"]["g"], known)
        assert np.array_equal(nc.simulate(sample, pdf).curves["pdf"].y, known)


def test_plans_and_posteriors_take_the_same_forms(nickel_files: Path) -> None:
    dots = nc.Population(nickel(a=nc.vary(3.52)), shape=nc.Sphere(nc.vary(30.0)), name="dots")
    plan = nc.plan_measurement(dots, nc.Pdf(r="1:20:0.1", qmax=20.0, noise=nc.Noise(sigma=0.02)))
    assert {"crystals.ni.a", "populations.dots.diameter"} <= {p.address for p in plan.parameters}
    pytest.importorskip("emcee")
    pdf = nc.Pdf("ni.gr", r_range=(1.5, 20.0), qmax=20.0, delta2=2.0)
    found = nc.sample_posterior(dots, pdf, sampling=nc.Sampling(steps=20))
    assert {"crystals.ni.a", "populations.dots.diameter"} <= found.marginals.keys()


def test_a_data_set_without_a_sample() -> None:
    """Lines of Gaussian shape need none, and come back as they are drawn."""
    x = np.linspace(-50.0, 50.0, 400)
    y = 3.0 * gaussian(x, 4.0, 12.0)[0]
    lines = {"a": nc.Line("gaussian", position=nc.vary(2.0), fwhm=nc.vary(10.0))}
    fit = nc.refine(None, nc.NmrLines(x=x, intensity=y, axis="hz", lines=lines))
    assert list(fit.datasets) == ["nmr_lines"]
    assert fit["a.position"].value == pytest.approx(4.0, abs=1e-4)
    assert fit["a.area"].value == pytest.approx(3.0, rel=1e-5)


# ---- arrays in memory -------------------------------------------------------------------------------


def test_arrays_are_copied_compared_and_carried() -> None:
    r = np.linspace(1.0, 30.0, 300)
    g = np.sin(r)
    pdf = nc.Pdf(r=r, g=g, sigma=0.1, qmax=25.0)
    same = nc.Pdf(r=list(r), g=g.astype(np.float64)[::1], sigma=np.full(300, 0.1), qmax=25.0)
    g[0] = 5.0
    assert pdf == same == pickle.loads(pickle.dumps(pdf))
    assert pdf != nc.Pdf(r=r, g=g, sigma=0.1, qmax=25.0)
    assert replace(pdf, qmax=20.0).file is pdf.file
    curve = pickle.loads(pickle.dumps(pdf)).file.curve()
    assert curve.y[0] == np.sin(1.0)
    assert (curve.sigma == 0.1).all()
    turned = nc.Pdf(r=r[::-1], g=np.sin(r)[::-1], qmax=25.0).file.curve()
    assert np.array_equal(turned.x, r)
    assert turned.notes == ("the points run from large to small r; they are reversed",)


def test_provenance_of_arrays(nickel_files: Path) -> None:
    from hashlib import sha256

    curve = read_curve(Path("ni.gr"))
    pdf = nc.Pdf(r=curve.x, g=curve.y, sigma=curve.sigma, r_range=(1.5, 35.0), qmax=20.0, delta2=2.0)
    sample = nc.Population(nc.Crystal("Ni.cif"), shape=nc.Sphere(nc.vary(29.0)))
    fit = nc.refine(sample, {"one": pdf})
    digest = sha256(b"".join(a.tobytes() for a in (curve.x, curve.y, curve.sigma))).hexdigest()
    assert fit.inputs["arrays in memory (datasets.one)"] == digest
    assert fit.datasets["one"].source == "arrays in memory (datasets.one)"
    study = nc.Study("Ni", sample, pdf)
    with pytest.raises(nc.InputError, match=r"^datasets\.pdf\.file: was made in Python, and a study names a file"):
        study.to_toml()


def ordinate(technique: type) -> str:
    return {nc.Pdf: "g", nc.Exafs: "chi"}.get(technique, "intensity")


CURVES = [t for t in TECHNIQUES.values() if issubclass(t, CurveTechnique)]
MORE: Mapping[str, Any] = {"nmr-relaxation": {"kind": "echo-decay"}}


@pytest.mark.parametrize("technique", CURVES, ids=lambda t: t.name)
def test_every_technique_of_a_curve_takes_arrays(technique: Any) -> None:
    x, y = np.linspace(0.1, 5.0, 50), np.linspace(1.0, 2.0, 50)
    more = MORE.get(technique.name, {})
    for abscissa in technique.points.abscissae:
        made = technique(**{abscissa.key: x, ordinate(technique): y, "sigma": 0.1}, **more)
        curve = made.file.curve()
        assert np.array_equal(curve.x, x)
        assert not abscissa.reads or (curve.x_name, curve.y_name) == abscissa.reads[0]
        with pytest.raises(nc.InputError, match=rf"^{technique.__name__}\.{ordinate(technique)}: must be as long as"):
            technique(**{abscissa.key: x, ordinate(technique): y[1:]}, **more)


X, Y = np.linspace(1.0, 10.0, 10), np.ones(10)
NAN = np.where(np.arange(10) == 3, np.nan, 1.0)
WRONG_ARRAYS: list[tuple[dict[str, Any], str]] = [
    ({"r": X, "g": Y[1:]}, "Pdf.g: must be as long as r, which has 10 values; got 9."),
    ({"r": X, "g": Y, "sigma": Y[1:]}, "Pdf.sigma: must be as long as r, which has 10 values; got 9."),
    ({"r": X}, "Pdf.r: is given as an array, so g must be, too."),
    ({"g": Y}, "Pdf.g: is given as an array, so r must be, too."),
    ({"r": X, "intensity": Y}, "Pdf.intensity: is called g here: G(r), Å⁻²."),
    ({"file": "a.gr", "r": X, "g": Y}, "Pdf.file: stands beside r and g; leave one of them out."),
    ({"columns": ["r", "g"], "r": X, "g": Y}, "Pdf.columns: stands beside r and g; leave one of them out."),
    ({"r": X, "g": NAN}, "Pdf.g[3]: must be a finite number, got nan; leave the point out."),
    ({"r": X, "g": Y, "sigma": NAN}, "Pdf.sigma[3]: must be a finite number, got nan; leave the point out."),
    (
        {"r": np.tile(X, 2), "g": np.arange(20.0)},
        "Pdf.r[10]: r has run from 1 to 10 and begins again here: two scans of one range; keep one, or sort the points "
        "where both belong to one measurement",
    ),
    ({"r": X, "g": Y, "sigma": -Y}, "Pdf.sigma[0]: must be above 0, got -1."),
    ({"r": X, "g": Y, "sigma": 0.0}, "Pdf.sigma: is all zero; give standard deviations, or leave it out."),
    (
        {"r": X, "g": Y, "sigma": np.where(X == 5.0, 0.0, 1.0)},
        "Pdf.sigma[4]: must be above 0, got 0; leave the point out.",
    ),
    ({"r": X[:2], "g": Y[:2]}, "Pdf.r: has 2 points; a curve needs at least 3."),
    ({"r": ["1", "2"], "g": Y}, "Pdf.r: must be an array of numbers, got text."),
    ({"r": X, "g": Y > 0}, "Pdf.g: must be an array of numbers, got truth values."),
    ({"r": X, "g": 1j * Y}, "Pdf.g: must be an array of numbers, got complex numbers."),
    ({"r": X, "g": [[1.0], [1.0, 2.0]]}, "Pdf.g: must be an array of numbers, got rows of different lengths."),
    ({"r": X, "g": Y[:, None]}, "Pdf.g: must be an array with one axis, (n_points,), got the shape (10, 1)."),
    ({"r": 1.0, "g": Y}, "Pdf.r: must be an array with one axis, (n_points,), got the shape ()."),
    ({"r": X, "g": np.ma.masked_less(X, 2.0)}, "Pdf.g: has masked values; leave these points out."),
]


@pytest.mark.parametrize(("given", "message"), WRONG_ARRAYS, ids=[m for _, m in WRONG_ARRAYS])
def test_wrong_arrays(given: dict[str, Any], message: str) -> None:
    with pytest.raises(nc.InputError) as raised:
        nc.Pdf(**given, qmax=25.0)
    assert str(raised.value) == message


def test_points_out_of_order_are_sorted_as_of_a_file() -> None:
    curve = nc.Saxs(q=X[[0, 2, 1, 3, 3]], intensity=np.arange(1.0, 6.0)).file.curve()
    assert curve.x.tolist() == [1.0, 2.0, 3.0, 4.0, 4.0]
    assert curve.y.tolist() == [1.0, 3.0, 2.0, 4.0, 5.0]
    assert curve.notes == (
        "2 of 5 points were not in order of q; they were sorted",
        "1 point shares the q of another one, as of two distances; all are kept",
    )


def test_empty_points_at_the_ends_are_left_out_as_of_a_file() -> None:
    y, sigma = np.ones(10), np.ones(10)
    y[:2] = sigma[:2] = sigma[-1] = y[-1] = 0.0
    curve = nc.Saxs(q=X, intensity=y, sigma=sigma).file.curve()
    assert curve.x.tolist() == X[2:-1].tolist()
    assert curve.notes == ("3 points at the ends have value and sigma 0 (empty bins) and are left out",)
    g = np.where(X == 1.0, np.nan, 1.0)
    assert nc.Pdf(r=X - 1.0, g=g).file.curve().x[0] == 1.0


# ---- second piece: several models, and whatever a file is --------------------------------------------


def test_models_are_refined_and_judged(nickel_files: Path) -> None:
    ni = nc.Crystal("Ni.cif", name="ni")
    models = {
        "spheres": nc.Population(ni, shape=nc.Sphere(nc.vary(29.0)), name="dots"),
        "bulk": nc.Population(ni, name="dots"),
    }
    pdf = nc.Pdf("ni.gr", r_range=(1.5, 35.0), qmax=20.0, delta2=2.0)
    comparison = nc.compare(models, pdf, title="Nickel", descriptions={"bulk": "no size"})
    by_hand = nc.compare({name: nc.refine(model, pdf) for name, model in models.items()})
    assert comparison.best == by_hand.best == ["spheres"]
    for one, other in zip(comparison.standings, by_hand.standings, strict=True):
        assert one.name == other.name
        assert one.bic == pytest.approx(other.bic, rel=1e-9)
    assert {s.name: s.description for s in comparison.standings} == {"spheres": "", "bulk": "no size"}


WRONG_CALLS: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: nc.refine(nc.Pdf(qmax=20.0), nc.Population(nickel())),
        "sample: must be a population, got the data set pdf; the sample comes first.",
    ),
    (
        lambda: nc.refine(nickel(), nc.Pdf(qmax=20.0)),
        "sample: must be a population, got the crystal ni; say Population(crystal, shape=…).",
    ),
    (
        lambda: nc.refine("dots", nc.Pdf(qmax=20.0)),
        "sample: must be a population, such as Population(crystal, shape=…), got the text 'dots'.",
    ),
    (
        lambda: nc.refine(None, nc.Pdf(qmax=20.0)),
        "sample: is missing: pdf is calculated from it; give a population, such as Population(crystal, shape=…).",
    ),
    (
        lambda: nc.refine(nc.Population(nickel()), "ni.gr"),
        "datasets: must be a data set, such as Pdf(…) or Saxs(…), got the text 'ni.gr'.",
    ),
    (
        lambda: nc.refine(nc.Population(nickel()), [nc.Pdf(qmax=20.0), nc.Pdf(qmax=25.0)]),
        "datasets.pdf: there are two of the technique pdf; give them names, {'first': …, 'second': …}.",
    ),
    (
        lambda: nc.Sample([nc.Population(nickel()), nc.Population(nickel("other"), name="ni")]),
        "populations.ni: two populations are called 'ni'; give each a name of its own, Population(…, name=…).",
    ),
    (
        lambda: nc.Sample([nc.Population(nickel(), name="a"), nc.Population(nickel(), name="b")]),
        "crystals.ni: two different crystals are called 'ni'; give each a name of its own, Crystal(…, name=…), or the "
        "same crystal to both populations.",
    ),
    (
        lambda: nc.compare({"one": nc.Population(nickel())}, nc.Pdf(qmax=20.0)),
        "models: must be two or more to compare, got 1.",
    ),
    (
        lambda: nc.compare({"one": nc.Population(nickel()), "two": nickel()}, nc.Pdf(qmax=20.0)),
        "models.two: sample: must be a population, got the crystal ni; say Population(crystal, shape=…).",
    ),
    (
        lambda: nc.compare({"one": nc.Population(nickel())}),
        "models.one: is no result; to refine models give their data, too: compare(models, pdf).",
    ),
    (lambda: nickel(d=3.0), "crystals.ni.d: is no cell parameter; valid: a"),
    (
        lambda: nc.Crystal(3),
        'Crystal.structure: must be a file or "library:NAME", got the number 3.',
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG_CALLS, ids=[m for _, m in WRONG_CALLS])
def test_wrong_calls(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(nc.InputError) as raised:
        call()
    assert str(raised.value) == message


def test_a_crystal_is_named_where_it_is_made(nickel_files: Path) -> None:
    assert nc.Crystal("Ni.cif").name == "Ni"
    assert nc.Crystal("library:CsPbBr3-alpha", u_iso={"Cs": 0.1, "Pb": 0.02, "Br": 0.04}).name == "CsPbBr3_alpha"
    named = nc.Crystal("Ni.cif", name="ni", delta2=2.0, sites={"Ni1": nc.SiteOverride(occupancy=0.9)})
    assert (named.name, named.where, named.motion) == ("ni", "crystals.ni", {"delta2": 2.0})
    assert named.site_overrides["Ni1"].occupancy == 0.9
    assert replace(named, name="other").name == "other"
    old = nc.Crystal.from_cif("Ni.cif", motion={"delta2": 2.0}, sites={"Ni1": nc.SiteOverride(occupancy=0.9)})
    assert list(differences(old.called("ni", "crystals.ni"), named)) == []
    with pytest.raises(nc.InputError, match=r"^crystals\.nii\.cif: there is no file nii\.cif; did you mean 'Ni\.cif'"):
        nc.Crystal("nii.cif")


def test_a_file_does_what_it_is(tmp_path: Path) -> None:
    """A study gives a result, which is written where a folder is given, and to no folder of others."""
    small = SmallStudy(tmp_path)
    path = tmp_path / "study.toml"
    small.write("study.toml", small.text)
    result = nc.read_study(path).run(tmp_path / "out")
    assert isinstance(result, nc.Result)
    assert nc.read_result(tmp_path / "out").parameters == result.parameters
    assert (tmp_path / "out" / "study.toml").read_text(encoding="utf-8") == small.text
    again = nc.read_study(path).run()
    assert {a: p.value for a, p in again.parameters.items()} == {a: p.value for a, p in result.parameters.items()}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "results.json").write_text("{}", encoding="utf-8")
    with pytest.raises(nc.InputError, match=r"^run\(out\): would replace 'results\.json' in"):
        nc.read_study(path).run(tmp_path / "mine")


def test_a_file_with_candidates_gives_a_comparison(tmp_path: Path) -> None:
    small = SmallStudy(tmp_path)
    both = small.text + '\n[candidates.base]\n\n[candidates.bulk]\ndrop = ["populations.dots.diameter"]\n'
    small.write("study.toml", both + '\n[candidates.bulk.populations.dots]\nshape = "bulk"\n')
    comparison = nc.read_study(tmp_path / "study.toml").run(tmp_path / "out")
    assert isinstance(comparison, nc.Comparison)
    assert comparison.best == read_candidates(tmp_path / "study.toml").compare().best
    assert (tmp_path / "out" / "comparison.json").is_file()


def test_a_series_file_gives_a_series(tmp_path: Path) -> None:
    small = SmallSeries(tmp_path)
    small.write("study.toml", small.text)
    series = nc.read_study(tmp_path / "study.toml").run(tmp_path / "out")
    assert [m.value for m in series.members] == [100.0, 200.0, 300.0]
    assert (tmp_path / "out" / "series.json").is_file()
    assert (tmp_path / "out" / "study.toml").read_text(encoding="utf-8") == small.text
    passing = nc.read_study(tmp_path / "study.toml").run(workers=1)
    assert [m.fit.values["crystals.ni.a"].value for m in passing.members] == [
        m.fit.values["crystals.ni.a"].value for m in series.members
    ]


def test_a_file_with_a_plan_gives_a_plan(tmp_path: Path) -> None:
    small = SmallStudy(tmp_path)
    unmeasured = small.text.replace(
        'file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1.5:12:0.1"\nnoise = { sigma = 0.02 }'
    )
    small.write("study.toml", unmeasured + '\n[plan]\ntargets = { "crystals.ni.a" = 0.001 }\n')
    plan = nc.read_study(tmp_path / "study.toml").run(tmp_path / "out")
    assert plan.targets == {"crystals.ni.a": 0.001}
    assert (tmp_path / "out" / "plan.json").is_file()


def test_reductions_alone_are_reduced(tmp_path: Path) -> None:
    for file in (ROOT / "examples").glob("reduction_*.chi"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (ROOT / "examples" / "reduction_pbs.toml").read_text(encoding="utf-8")
    (tmp_path / "study.toml").write_text(text.partition("[crystals.pbs]")[0], encoding="utf-8")
    result = nc.read_study(tmp_path / "study.toml").run(tmp_path / "out", workers=2)
    assert list(result.reductions) == ["native", "shelled"]
    assert nc.read_result(tmp_path / "out") == result


# ---- third piece: thousands of spectra ----------------------------------------------------------------


@pytest.mark.campaign
def test_a_map_of_spectra_of_two_lines() -> None:
    """10,000 spectra come back in the shape of their map, within their errors, and as the engine itself finds them."""
    rng = np.random.default_rng(5)
    energy, truth = np.linspace(1.55, 2.15, 90), 1.80 + 0.01 * rng.standard_normal((100, 100))
    spectra = gaussian(energy, truth[..., None], 0.08)[0] + 0.6 * gaussian(energy, 1.92, 0.08)[0] + 0.3
    spectra += rng.normal(0.0, 0.1, spectra.shape)
    two = nc.Lines(
        {
            "low": nc.Line("gaussian", position=1.80, fwhm=0.08),
            "high": nc.Line("gaussian", position=1.92, fwhm=0.08),
        }
    )
    rows = spectra.reshape(-1, 90)
    fit = nc.fit_spectra(two, energy, rows, sigma=0.1, shape=(100, 100))
    assert fit["low.position"].shape == fit.stderr("low.position").shape == fit.flagged.shape == (100, 100)
    assert fit.curves().shape == (100, 100, 90)
    z = (fit["low.position"] - truth) / fit.stderr("low.position")
    assert abs(z.mean()) < 0.05
    assert z.std() == pytest.approx(1.0, abs=0.03)
    assert fit.chi2_red.mean() == pytest.approx(1.0, abs=0.01)
    forms = SumOfForms({"low": LINES["gaussian"], "high": LINES["gaussian"]}, baseline_terms=1)
    start = {"low.position": 1.80, "low.fwhm": 0.08, "high.position": 1.92, "high.fwhm": 0.08}
    known = fit_batch(forms, energy, rows[:50], start, sigma=0.1)
    assert fit["low.position"].ravel()[:50] == pytest.approx(known["low.position"], abs=1e-6)
    one = nc.fit_spectra(two, energy, spectra[0, 0], sigma=0.1)
    assert one["low.position"].shape == ()
    assert one["low.position"] == pytest.approx(fit["low.position"][0, 0], abs=1e-6)


def test_lines_with_bounds_ties_and_fixed_numbers() -> None:
    energy = np.linspace(1.5, 2.3, 120)
    spectrum = 2.0 * gaussian(energy, 1.80, 0.06)[0] + gaussian(energy, 1.92, 0.06)[0]
    lines = nc.Lines(
        {
            "low": nc.Line("gaussian", position=nc.vary(1.78, max=1.79), fwhm=0.08),
            "high": nc.Line("gaussian", position=nc.fixed(1.92), fwhm=nc.tied("low.fwhm")),
        },
        baseline_terms=0,
    )
    fit = nc.fit_spectra(lines, energy, np.stack([spectrum, spectrum]))
    assert (fit["high.position"] == 1.92).all()
    assert (fit.stderr("high.position") == 0.0).all()
    assert (fit["high.fwhm"] == fit["low.fwhm"]).all()
    assert (fit["low.position"] <= 1.79).all()
    free = replace(lines, lines={**lines.lines, "low": nc.Line("gaussian", position=1.78, fwhm=0.08)})
    found = nc.fit_spectra(free, energy, spectrum)
    assert found["low.position"] == pytest.approx(1.80, abs=1e-6)
    assert found["low.fwhm"] == pytest.approx(0.06, abs=1e-6)
    assert found["low.area"] == pytest.approx(2.0, rel=1e-6)


def two_lines(**first: Any) -> nc.Lines:
    return nc.Lines({"low": nc.Line("gaussian", **first), "high": nc.Line("gaussian", position=1.92, fwhm=0.08)})


START: dict[str, Any] = {"position": 1.8, "fwhm": 0.08}
WRONG_LINES: list[tuple[Callable[[], Any], str]] = [
    (lambda: two_lines(position=1.8), "Lines.low.fwhm: is missing: say where fits begin, in the unit of x."),
    (lambda: two_lines(**START, cq=1.0), "Lines.low.cq: is no parameter of a gaussian; valid: area, fwhm, position"),
    (
        lambda: two_lines(position=1.8, fwhm=nc.tied("2 * high.fwhm")),
        "Lines.low.fwhm: '2 * high.fwhm' is more than another parameter; here one can only be the same as another.",
    ),
    (
        lambda: nc.Lines({"a": 1.0}),
        "Lines.lines['a']: must be a Line, Line(shape=…, position=…, fwhm=…, lorentzian_part=…, …), got the number "
        "1.0.",
    ),
    (
        lambda: nc.fit_spectra(two_lines(**START), X, np.ones((3, 9))),
        "spectra: must have the shape (…, 10) of x, got (3, 9).",
    ),
    (
        lambda: nc.fit_spectra(two_lines(**START), X, np.ones((3, 10)), shape=(2, 2)),
        "shape: (2, 2) is of 4 spectra, but there are 3.",
    ),
    (lambda: nc.fit_spectra(two_lines(**START), X, ["a"]), "spectra: must be an array of numbers, got text."),
]


@pytest.mark.parametrize(("call", "message"), WRONG_LINES, ids=[m for _, m in WRONG_LINES])
def test_wrong_lines(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(nc.InputError) as raised:
        call()
    assert str(raised.value) == message


# ---- text is no number ----------------------------------------------------------------------------------

WANTED = "must be a number or a parameter such as vary(1.0), got"
WRONG_NUMBERS: list[tuple[Callable[[], Any], str]] = [
    (lambda: nc.Sphere("40"), f"Sphere.diameter: {WANTED} the text '40'; leave out the quotation marks."),
    (lambda: nc.Sphere("large"), f"Sphere.diameter: {WANTED} the text 'large'."),
    (lambda: nc.Sphere(np.nan), f"Sphere.diameter: {WANTED} nan."),
    (lambda: nc.Sphere(True), f"Sphere.diameter: {WANTED} the truth value True."),
    (lambda: nc.Sphere(1 + 2j), f"Sphere.diameter: {WANTED} the complex number (1+2j)."),
    (lambda: nc.Sphere(None), f"Sphere.diameter: {WANTED} None."),
    (lambda: nc.Sphere(np.ones(3)), f"Sphere.diameter: {WANTED} an array of shape (3,)."),
    (lambda: nc.vary("a"), "vary(value): must be a number, got the text 'a'."),
    (lambda: nc.vary(1.0, max="2"), "vary(max): must be a number, got the text '2'; leave out the quotation marks."),
    (lambda: nc.vary(np.nan), "vary(value): must be a number, got nan."),
    (lambda: nc.fixed(np.nan), "fixed(value): must be a number, got nan."),
    (lambda: nc.tied(2.0), "tied(expression): must be arithmetic on addresses, as text, got the number 2.0."),
    (lambda: nc.Parameter("1"), "Parameter.value: must be a number, got the text '1'; leave out the quotation marks."),
    (lambda: nc.Pdf(qmax="25"), "Pdf.qmax: must be a number, got the text '25'; leave out the quotation marks."),
    (
        lambda: nc.Pdf(r_range=(1.5, "50")),
        "Pdf.r_range[1]: must be a number, got the text '50'; leave out the quotation marks.",
    ),
    (lambda: nc.Pdf(r_range=(1.5,)), "Pdf.r_range: must be 2 numbers, got 1."),
    (lambda: nc.Pdf(r_range="1.5:50"), "Pdf.r_range: must be a sequence of numbers, got the text '1.5:50'."),
    (lambda: nickel(a="3.9"), f"Crystal.a: {WANTED} the text '3.9'; leave out the quotation marks."),
    (
        lambda: nc.Crystal(STRUCTURE, u_iso={"Ni": "0.01"}),
        f"Crystal.u_iso['Ni']: {WANTED} the text '0.01'; leave out the quotation marks.",
    ),
    (
        lambda: nc.Crystal(STRUCTURE, u_iso=0.01),
        "Crystal.u_iso: must be a mapping of numbers by name, got the number 0.01.",
    ),
    (lambda: nc.Noise(seed=1.5), "Noise.seed: must be a whole number, got 1.5."),
    (
        lambda: nc.Options(max_iterations="10"),
        "Options.max_iterations: must be a whole number, got the text '10'; leave out the quotation marks.",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG_NUMBERS, ids=[m for _, m in WRONG_NUMBERS])
def test_what_is_no_number(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(nc.InputError) as raised:
        call()
    assert str(raised.value) == message


@pytest.mark.parametrize("number", [np.float32(40.0), np.float64(40.0), np.int64(40), np.array(40.0), np.array(40)])
def test_numbers_of_numpy_are_numbers(number: Any) -> None:
    sphere = nc.Sphere(number)
    assert sphere == nc.Sphere(40.0)
    assert type(sphere.diameter) in (int, float)
    assert nc.vary(number) == nc.vary(40.0)
    assert nc.Pdf(qmax=number, r_range=np.array([1.0, 40.0])) == nc.Pdf(qmax=40.0, r_range=(1.0, 40.0))


GIVEN = ("sample", "techniques", "measurement", "refinement", "refinement.posterior", "running", "spectra.processing")
"""modules whose public dataclasses a user fills in"""
CALCULATED = {"BoundaryNetwork", "CifSite", "NmrSpectrum"}
"""those of them that are read or calculated"""


def test_every_public_dataclass_with_numbers_checks_them() -> None:
    from nanocrystal.parameters import declared_fields

    found = []
    for name, home in nc._HOME_OF.items():
        made = getattr(nc, name)
        if not isinstance(made, type) or not is_dataclass(made) or issubclass(made, Declares):
            continue
        if (home in GIVEN and name not in CALCULATED) or name.endswith(("Options", "Settings")):
            found += [f"{name}.{f.name}" for f in declared_fields(made).values() if check_of(f.kind) is not None]
    assert found == []


# ---- the manual ---------------------------------------------------------------------------------------------


def test_python_of_the_manual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its program runs as it stands."""
    page = (ROOT / "docs" / "in_python.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    [program] = [text for kind, text in pieces(page) if kind == "python"]
    exec(compile(program, "in_python.md", "exec"), names)
    assert names["fit"]["dots.diameter"].value == pytest.approx(40.0, abs=0.5)
