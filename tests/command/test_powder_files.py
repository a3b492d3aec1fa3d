"""The command opens a pattern alike in every format, and a new study takes its wavelength from it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from support.powder_files import brml, brml_route, ras, raw_3, raw_4, uxd
from support.small_study import SmallStudy

START, STEP, N = 30.0, 0.05, 1400
STUDY = """title = "Nickel powder"

[crystals.ni]
cif = "Ni.cif"
a = { value = 3.52, vary = true }

[populations.grains]
crystal = "ni"
shape = "bulk"

[datasets.xrd]
technique = "powder"
file = "ni.xy"
tube = "Cu"
anomalous = false
background_terms = 2
caglioti_w = 0.11
"""


def counts() -> list[float]:
    """Return whole counts with the peaks of nickel for Cu Kα."""
    x = START + STEP * np.arange(N)
    peaks = zip((44.5, 51.9, 76.4, 92.9), (9.0, 4.0, 2.0, 2.0), strict=True)
    return [float(v) for v in np.round(100.0 + sum(1e3 * h * np.exp(-(((x - c) / 0.2) ** 2)) for c, h in peaks))]


RANGE = (START, STEP, 2.0, counts())
ROWS = [(START + STEP * i, c) for i, c in enumerate(RANGE[3])]
KEYS = {"START": "30.0", "STEPSIZE": "0.05", "STEPTIME": "2.0"}
FILES = {
    "ni.xy": "".join(f"{x:.2f} {c:g}\n" for x, c in ROWS).encode(),
    "ni.raw": raw_3(RANGE),
    "ni4.raw": raw_4(RANGE),
    "ni.uxd": uxd((KEYS, "_COUNTS", [(c,) for _, c in ROWS])),
    "ni.ras": ras(({}, [(x, c, 1.0) for x, c in ROWS])),
    "ni.brml": brml(brml_route([(2.0, 1.0, x, x / 2.0, 0.1, c) for x, c in ROWS])),
}


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    small = SmallStudy(tmp_path)
    small.text = STUDY
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return small


def test_a_pattern_is_refined_alike_whatever_wrote_it(study: SmallStudy) -> None:
    found = []
    for name in ("ni.xy", "ni.raw", "ni.brml"):
        study.text = STUDY.replace("ni.xy", name)
        said = study.refine("--out", "{}/out")
        assert said.exit_code == 0, said.stderr
        results = json.loads((study.folder / "out" / "results.json").read_text(encoding="utf-8"))
        found.append([results["parameters"]["crystals.ni.a"][k] for k in ("value", "stderr")])
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-6)
    assert found[0][0] == pytest.approx(3.524, abs=0.01)


@pytest.mark.parametrize(
    ("name", "note"),
    [("ni.raw", 'tube = "Cu" is that of the file'), ("ka1.ras", "the wavelength 1.540593 Å is that of the file")],
)
def test_a_study_that_states_no_beam_has_that_of_its_file(name: str, note: str, study: SmallStudy) -> None:
    one_line = {"MEAS_COND_XG_WAVE_TYPE": "Ka1"}
    (study.folder / "ka1.ras").write_bytes(ras((one_line, [(x, c, 1.0) for x, c in ROWS])))
    study.text = STUDY.replace("ni.xy", name).replace('tube = "Cu"\n', "")
    said = study.refine("--out", "{}/out")
    assert said.exit_code == 0, said.stderr
    assert note in (study.folder / "out" / "results.json").read_text(encoding="utf-8").replace('\\"', '"')


@pytest.mark.parametrize("name", ["ni.raw", "ni4.raw", "ni.uxd", "ni.ras", "ni.brml"])
def test_a_new_study_takes_the_wavelength(name: str, study: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a doublet the mean by intensity: (2 · 1.5406 + 1.54439)/3 = 1.54186 Å."""
    monkeypatch.chdir(study.folder)
    said = study.run("new", name, "--library", "Ni", study=False)
    assert said.exit_code == 0, said.stderr
    written = tomllib.loads((study.folder / said.stdout.strip()).read_text(encoding="utf-8"))
    assert written["datasets"]["scattering"]["file"] == name
    assert written["datasets"]["scattering"]["wavelength"] == pytest.approx(1.54187, abs=2e-5)
