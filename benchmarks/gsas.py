"""GSAS-II beside the technique powder: structure factors, one pattern on absolute scale, two Rietveld refinements.

    python benchmarks/gsas.py --gsas PYTHON [--measured FILE.xrdml]

PYTHON is the interpreter of an environment that has GSAS-II (https://github.com/AdvancedPhotonSource/GSAS-II, module
GSASII). This script writes patterns, crystals (CIF) and parameters of the instrument to a folder, runs itself there
with that interpreter, and prints both results side by side.

- pattern: γ- and δ-CsPbI3, equal masses, one wavelength, all terms of the widths (U, V, W, X, Y, size, strain, LG mix).
- simulated: examples/powder_cspbi3.csv (counting noise; the truth is known) refined by both from the same start.
- measured: TiO2 and ZnO, 0.4009 : 0.6010 by weight (CederGroupHub/dara, MIT licence), 45 to 99.9°, sizes only.

What differs in the two programs, and is taken care of here:

- U, V, W of GSAS-II are of the variance of the Gaussian in centidegrees²: caglioti = 8 ln 2 · U/10⁴. X and Y are full
  widths in centidegrees.
- Its sizes (µm) have the Scherrer constant 1, its microstrain is 10⁶ · 4 Δd/d of here; SH/L is S/L + H/L.
- Its intensity of one phase is S m |F|² P/(2 sin² θ cos θ V), peaks with an area of 0.01 over degrees, P = 1 − p + p
  cos² 2θ with p = 1 − Polariz.; Kα2 is added with its ratio, where here both lines share 1. Weight fractions are
  ∝ S × mass of the cell.
- Form factors are of Cromer and Mann (IT 92), f′ and f″ of Cromer and Liberman; here Waasmaier & Kirfel and Chantler.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "src" / "nanocrystal" / "tables" / "library"
ZNO = """data_ZnO
_cell_length_a 3.25
_cell_length_b 3.25
_cell_length_c 5.205
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_space_group_name_H-M_alt 'P 63 m c'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Zn Zn 0.333333 0.666667 0 1
O O 0.333333 0.666667 0.382 1
"""
FWHM2 = 8.0 * np.log(2.0) / 1e4  # degrees² of full width in one centidegree² of variance
FIXED = {
    "U": 4.0, "V": -3.0, "W": 6.0, "X": 1.5, "Y": 2.5, "SH/L": 0.002, "lam": 1.5406,
    "size": {"gamma": 0.05, "delta": 0.09}, "strain": {"gamma": 3000.0, "delta": 1000.0},
    "size_lorentzian": 0.6, "strain_lorentzian": 0.3,
}  # fmt: skip
"""of the pattern, in the units of GSAS-II"""
U_ISO = {"Cs": 0.04, "Pb": 0.02, "I": 0.03}
CASES: dict[str, dict[str, Any]] = {
    "simulated": {
        "phases": {
            "gamma": {"cell": [8.58, 8.85, 12.48], "u": U_ISO, "free": ["I"], "size": 600.0, "strain": 0.0005},
            "delta": {"cell": [10.44, 4.79, 17.77], "u": U_ISO, "free": ["I"], "size": 600.0, "strain": None},
        },
        "lines": [1.5405929, 1.5444274], "range": [11.0, 60.0], "w": 0.004, "background": 3, "reflection": False,
    },
    "measured": {
        "phases": {
            "zno": {"cell": [3.25, 3.25, 5.205], "u": {"Zn": 0.006, "O": 0.008}, "free": ["Zn"], "size": 600.0,
                    "strain": None},
            "tio2": {"cell": [3.785, 3.785, 9.512], "u": {"Ti": 0.006, "O": 0.008}, "free": ["Ti"], "size": 600.0,
                     "strain": None},
        },
        "lines": [1.5405929, 1.5444274], "range": [45.0, 99.9], "w": 0.01, "background": 8, "reflection": True,
    },
}  # fmt: skip
LABELS = ["a", "b", "c"]


# ---- here: nanocrystal ----------------------------------------------------------------------------


def crystal_files(folder: Path) -> None:
    for name, source in (("gamma", "CsPbI3-gamma"), ("delta", "CsPbI3-delta"), ("tio2", "TiO2-anatase")):
        (folder / f"{name}.cif").write_text((LIBRARY / f"{source}.cif").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "zno.cif").write_text(ZNO, encoding="utf-8")


def instrument_file(path: Path, lines: list[float], terms: dict[str, float]) -> None:
    """Write an instrument of GSAS-II."""
    waves = {"Lam": lines[0]} if len(lines) == 1 else {"Lam1": lines[0], "Lam2": lines[1], "I(L2)/I(L1)": 0.5}
    whole = {
        "Type": "PXC", "Bank": 1.0, **waves, "Zero": 0.0, "Polariz.": 0.5, "U": 0.0, "V": 0.0, "W": 1.0, "X": 0.0,
        "Y": 0.0, "Z": 0.0, "SH/L": 0.002, "Azimuth": 0.0, **terms,
    }  # fmt: skip
    text = "#GSAS-II instrument parameter file\n" + "".join(f"{k}:{v}\n" for k, v in whole.items())
    path.write_text(text, encoding="utf-8")


def crystal(name: str, folder: Path, settings: dict[str, Any] | None = None) -> Any:
    from nanocrystal.parameters import vary
    from nanocrystal.sample import Crystal
    from nanocrystal.sample.crystal.cif import parse_cif

    parsed = parse_cif((folder / f"{name}.cif").read_text(encoding="utf-8"), f"{name}.cif")
    if settings is None:
        return Crystal(parsed, u_iso=U_ISO, where=f"crystals.{name}")
    u = {e: vary(v) if e in settings["free"] else v for e, v in settings["u"].items()}
    cell = settings["cell"]
    free = {k: vary(v) for k, v in zip(LABELS, cell, strict=True) if k != "b" or cell[0] != cell[1]}
    return Crystal(parsed, free, u, where=f"crystals.{name}")


def write_inputs(folder: Path, measured: Path | None) -> dict[str, Any]:
    """Write what GSAS-II reads, and return what it is asked for."""
    from nanocrystal.data import read_curve

    crystal_files(folder)
    terms = {k: v for k, v in FIXED.items() if k in ("U", "V", "W", "X", "Y", "SH/L")}
    instrument_file(folder / "pattern.instprm", [FIXED["lam"]], terms)
    sources = {"simulated": ROOT / "examples" / "powder_cspbi3.csv", "measured": measured}
    cases = {}
    for case, settings in CASES.items():
        source = sources[case]
        if source is None:
            continue
        curve = read_curve(source)
        sigma = np.sqrt(np.maximum(curve.y, 1.0))
        np.savetxt(folder / f"{case}.xye", np.c_[curve.x, curve.y, sigma], fmt="%.8f %.1f %.6f")
        instrument_file(folder / f"{case}.instprm", settings["lines"], {"W": settings["w"] / FWHM2})
        cases[case] = settings
    asked = {"cases": cases, "pattern": FIXED, "u": U_ISO}
    (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    return asked


def pattern_here(folder: Path) -> dict[str, Any]:
    """Return the pattern and the squared structure factors of strong reflections, in the units of GSAS-II."""
    from nanocrystal.sample import Population, Sample
    from nanocrystal.simulation import simulated_curves
    from nanocrystal.techniques import Powder, Profile

    crystals = {n: crystal(n, folder) for n in ("gamma", "delta")}
    sample = Sample({n: Population(n, fraction=0.5) for n in crystals}, crystals)
    mixing = {k: FIXED[k] for k in ("size_lorentzian", "strain_lorentzian")}
    profiles = {n: Profile(1e4 * FIXED["size"][n], FIXED["strain"][n] / 4e6, **mixing) for n in crystals}
    data = Powder(
        two_theta="11:90:0.01", wavelength=FIXED["lam"], scherrer_constant=1.0, profiles=profiles,
        axial_divergence=0.5 * FIXED["SH/L"], lorentz_x=FIXED["X"] / 100.0, lorentz_y=FIXED["Y"] / 100.0,
        **{f"caglioti_{k}": FIXED[k.upper()] * FWHM2 for k in "uvw"},
    )  # fmt: skip
    columns = simulated_curves(sample, {"xrd": data}, folder)["xrd"]
    # per dalton of sample and times λ³ 180/π/8π · 0.01⁻¹ of what GSAS-II calls S m F² P/(2 sin² θ cos θ V) · 0.01
    unit = FIXED["lam"] ** 3 * np.degrees(1.0) / (8.0 * np.pi) * 100.0
    return {"two_theta": columns["two_theta"], "intensity": columns["intensity"] / unit}


def refinement_here(case: str, settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    from nanocrystal.parameters import tied, vary
    from nanocrystal.refinement import refine
    from nanocrystal.sample import Population, Sample
    from nanocrystal.techniques import Powder, Profile

    first, second = settings["phases"]
    crystals = {n: crystal(n, folder, s) for n, s in settings["phases"].items()}
    sample = Sample(
        {
            first: Population(first, fraction=vary(0.5, min=0.0, max=1.0)),
            second: Population(second, fraction=tied(f"1 - populations.{first}.mass_fraction")),
        },
        crystals,
    )
    profiles = {
        n: Profile(size=vary(s["size"]), strain=None if s["strain"] is None else vary(s["strain"]))
        for n, s in settings["phases"].items()
    }
    more: dict[str, Any] = {}
    if settings["reflection"]:
        more = {"radius": 145.0, "displacement": vary(-0.15)}
    data = Powder(
        file=folder / f"{case}.xye", two_theta_range=tuple(settings["range"]), tube="Cu", scherrer_constant=1.0,
        caglioti_w=settings["w"],
        background_terms=settings["background"], profiles=profiles, axial_divergence=0.001,
        **more,
    )  # fmt: skip
    result = refine(sample, {"xrd": data})
    found: dict[str, Any] = {"R_wp": [100.0 * result.datasets["xrd"].rwp, None]}
    fractions = {n: result.derived[f"populations.{n}.mass_fraction_of_sample"] for n in crystals}
    for name, s in settings["phases"].items():
        wanted = {f"{name}.{k}": f"crystals.{name}.{k}" for k in LABELS}
        wanted |= {f"{name}.u_{e}": f"crystals.{name}.u_iso.{e}" for e in s["free"]}
        wanted |= {f"{name}.{k}": f"datasets.xrd.profiles.{name}.{k}" for k in ("size", "strain")}
        for label, address in wanted.items():
            if address in result.parameters and result.parameters[address].status == "free":
                found[label] = [result.parameters[address].value, result.parameters[address].stderr]
        found[f"{name}.mass_fraction"] = [fractions[name].value, fractions[name].stderr]
    if settings["reflection"]:
        displacement = result.parameters["datasets.xrd.displacement"]
        found["displacement"] = [displacement.value, displacement.stderr]
    return found


# ---- there: GSAS-II -------------------------------------------------------------------------------


def there(folder: Path) -> None:
    """Run with the interpreter that has GSAS-II: write answer.json."""
    from GSASII import GSASIIscriptable as g2

    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    answer: dict[str, Any] = {"pattern": pattern_there(g2, folder, asked)}
    for case, settings in asked["cases"].items():
        answer[case] = refinement_there(g2, case, settings, folder)
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def phase_there(g2: Any, project: Any, name: str, histogram: Any, folder: Path, u: dict[str, float]) -> Any:
    phase = project.add_phase(str(folder / f"{name}.cif"), phasename=name, histograms=[histogram], fmthint="CIF")
    for atom in phase.atoms():
        atom.uiso = u[atom.type.rstrip("+-0123456789")]
    return phase


def pattern_there(g2: Any, folder: Path, asked: dict[str, Any]) -> dict[str, Any]:
    project = g2.G2Project(newgpx=str(folder / "pattern.gpx"))
    histogram = project.add_simulated_powder_histogram(
        "pattern", str(folder / "pattern.instprm"), 11.0, 90.0, Npoints=7901, scale=1.0
    )
    # equal masses: scales in proportion to 1/mass of the cell, so that Σ S × mass = 1
    for name in ("gamma", "delta"):
        phase = phase_there(g2, project, name, histogram, folder, asked["u"])
        fixed = asked["pattern"]
        mixing = (fixed["size_lorentzian"], fixed["strain_lorentzian"])
        set_profile(phase, histogram, fixed["size"][name], fixed["strain"][name], mixing)
        phase.HAPvalue("Scale", 0.5 / phase.data["General"]["Mass"], [histogram])
    project.data["Controls"]["data"]["max cyc"] = 0
    project.do_refinements([{}])
    y, background = (np.asarray(histogram.getdata(k)).tolist() for k in ("ycalc", "background"))
    x = np.asarray(histogram.getdata("x")).tolist()
    return {"two_theta": x, "intensity": y, "background": background, "anomalous": anomalous_there(asked)}


def anomalous_there(asked: dict[str, Any]) -> dict[str, list[float]]:
    """Return f′ and f″ as GSAS-II takes them."""
    from GSASII import GSASIIElem

    energy = 12.39841984 / asked["pattern"]["lam"]
    found = {}
    for element in asked["u"]:
        orbitals = GSASIIElem.GetXsectionCoeff(element)
        real, imaginary, _ = GSASIIElem.FPcalc(orbitals, energy)
        found[element] = [float(real), float(imaginary)]
    return found


def set_profile(
    phase: Any, histogram: Any, size: float, strain: float, mixing: tuple[float, float] = (1.0, 1.0)
) -> None:
    phase.setSampleProfile(histogram.name, "size", "isotropic", size, LGmix=mixing[0])
    phase.setSampleProfile(histogram.name, "microstrain", "isotropic", strain, LGmix=mixing[1])


def refinement_there(g2: Any, case: str, settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    project = g2.G2Project(newgpx=str(folder / f"{case}.gpx"))
    histogram = project.add_powder_histogram(
        str(folder / f"{case}.xye"), str(folder / f"{case}.instprm"), fmthint="xye"
    )
    histogram.data["Sample Parameters"]["Scale"] = [1.0, False]
    histogram.set_refinements(
        {
            "Limits": settings["range"],
            "Background": {"type": "chebyschev-1", "no. coeffs": settings["background"], "refine": True},
        }
    )
    phases = {}
    for name, s in settings["phases"].items():
        phase = phase_there(g2, project, name, histogram, folder, s["u"])
        phases[name] = phase
        cell = phase.data["General"]["Cell"]
        cell[1:4] = s["cell"]
        set_profile(phase, histogram, s["size"] / 1e4, 4e6 * (s["strain"] or 0.0))
        phase.HAPvalue("Scale", 1.0, [histogram])
    stages: list[Any] = [lambda: [scale_free(p, histogram) for p in phases.values()]]
    if settings["reflection"]:
        sample = histogram.data["Sample Parameters"]
        sample["Gonio. radius"] = 145.0
        sample["Shift"] = [-150.0, False]
        stages.append(lambda: histogram.set_refinements({"Sample Parameters": ["Shift"]}))
    stages.append(lambda: [p.set_refinements({"Cell": True}) for p in phases.values()])

    def widths() -> None:
        for name, s in settings["phases"].items():
            phases[name].set_HAP_refinements({"Size": {"type": "isotropic", "refine": True}}, [histogram])
            if s["strain"] is not None:
                phases[name].set_HAP_refinements({"Mustrain": {"type": "isotropic", "refine": True}}, [histogram])

    def atoms() -> None:
        for name, s in settings["phases"].items():
            phase = phases[name]
            alike = [a for a in phase.atoms() if a.type.rstrip("+-0123456789") in s["free"]]
            for atom in alike:
                atom.refinement_flags = "U"
            if len(alike) > 1:
                labels = {a.label for a in alike}
                names = [f"{phase.id}::AUiso:{k}" for k, a in enumerate(phase.atoms()) if a.label in labels]
                project.add_EquivConstr(names)

    stages += [widths, atoms]
    project.data["Controls"]["data"]["max cyc"] = 20
    for stage in [*stages, lambda: None, lambda: None]:
        stage()
        project.do_refinements([{}])
    return refined_there(project, histogram, phases, settings)


def scale_free(phase: Any, histogram: Any) -> None:
    phase.set_HAP_refinements({"Scale": True}, [histogram])


def refined_there(project: Any, histogram: Any, phases: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    covariance = project.data["Covariance"]["data"]
    sigma = dict(zip(covariance["varyList"], covariance["sig"], strict=True))
    found: dict[str, Any] = {"R_wp": [histogram.get_wR(), None]}
    fractions = histogram.ComputeMassFracs()
    for name, s in settings["phases"].items():
        phase = phases[name]
        cell, errors = phase.get_cell_and_esd()
        for k in LABELS:
            if k != "b" or s["cell"][0] != s["cell"][1]:
                found[f"{name}.{k}"] = [cell[f"length_{k}"], errors[f"length_{k}"]]
        for k, atom in enumerate(phase.atoms()):
            element = atom.type.rstrip("+-0123456789")
            if element in s["free"] and f"{name}.u_{element}" not in found:
                found[f"{name}.u_{element}"] = [atom.uiso, sigma.get(f"{phase.id}::AUiso:{k}")]
        values = phase.getHAPvalues(histogram)
        size, strain = values["Size"][1][0], values["Mustrain"][1][0]
        found[f"{name}.size"] = [1e4 * size, 1e4 * sigma[f"{phase.id}:0:Size;i"]]
        if s["strain"] is not None:
            found[f"{name}.strain"] = [strain / 4e6, sigma.get(f"{phase.id}:0:Mustrain;i", np.nan) / 4e6]
        found[f"{name}.mass_fraction"] = list(fractions[name])
    if settings["reflection"]:
        found["displacement"] = [histogram.data["Sample Parameters"]["Shift"][0] / 1e3, sigma[":0:Shift"] / 1e3]
    return found


# ---- both -----------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gsas", help="Python that has GSAS-II")
    parser.add_argument("--measured", type=Path, help="TiO2_0p4009-ZnO_0p6010--8min.xrdml of CederGroupHub/dara")
    parser.add_argument("--folder", type=Path, help="where files are written, instead of a temporary folder")
    parser.add_argument("--there", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.there is not None:
        there(arguments.there)
        return
    if arguments.gsas is None:
        parser.error("--gsas PYTHON is needed, an interpreter that has GSAS-II")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        asked = write_inputs(folder, arguments.measured)
        done = subprocess.run(
            [arguments.gsas, str(Path(__file__).resolve()), "--there", str(folder.resolve())],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        (folder / "gsas.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        if done.returncode:
            sys.exit(f"GSAS-II ended with code {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
        compare(folder, asked)


def compare(folder: Path, asked: dict[str, Any]) -> None:
    answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    compare_patterns(folder, answer["pattern"])
    for case, settings in asked["cases"].items():
        ours, theirs = refinement_here(case, settings, folder), answer[case]
        print(f"\n### {case}\n\n| quantity | nanocrystal | GSAS-II | difference/σ |\n|---|---|---|---|")
        for key in ours:
            (a, da), (b, db) = ours[key], theirs.get(key, [float("nan"), None])
            off = "" if not da else f"{(a - b) / da:.2f}"
            print(f"| {key} | {_number(a, da)} | {_number(b, db)} | {off} |")


def _number(value: float, error: float | None) -> str:
    return f"{value:.6g}" if not error else f"{value:.7g} ± {error:.2g}"


def compare_patterns(folder: Path, theirs: dict[str, Any]) -> None:
    """Print the ratio of the patterns, with f′ and f″ of each program and with those of GSAS-II in both."""
    from unittest import mock

    y = np.array(theirs["intensity"]) - np.array(theirs["background"])
    print("\n### pattern\n\n| f′, f″ | Σ y here/there | largest difference over the highest point | Σ\\|Δ\\|/Σ y |")
    print("|---|---|---|---|")
    same = {e: complex(*f) for e, f in theirs["anomalous"].items()}
    with mock.patch("nanocrystal.techniques.powder.phase.anomalous_factor", lambda e, *_: same[e]):
        patched = pattern_here(folder)["intensity"]
    for label, here in (("of each program", pattern_here(folder)["intensity"]), ("of GSAS-II in both", patched)):
        off = np.abs(here - y)
        print(f"| {label} | {here.sum() / y.sum():.5f} | {off.max() / y.max():.2e} | {off.sum() / y.sum():.2e} |")


if __name__ == "__main__":
    main()
