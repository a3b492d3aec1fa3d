"""Every wrong study is refused with one sentence: file, line, key, what was expected, what came."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.small_study import SmallStudy

DIAMETER = "{ value = 20.0, vary = true }"


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


KEYS = {
    "top table": ("", "\n[dataset.x]\na = 1", ["line 20: dataset:", "unknown key", "did you mean 'datasets'"]),
    "crystal": ('cif = "Ni.cif"', "uiso = 1", ["line 5: crystals.ni.uiso", "did you mean 'u_iso'"]),
    "population": ('shape = "sphere"', "radius = 3", ["line 11: populations.dots.radius", "valid: coating, cr"]),
    "dataset": ("qmax = 20.0", "qdmap = 0.1", ["line 18: datasets.pdf.qdmap", "did you mean 'qdamp'"]),
    "site": ("", "[crystals.ni.sites.Ni1]\noccupency = 1", ["crystals.ni.sites.Ni1.occupency", "'occupancy'"]),
    "refine": ("", "[refine]\niterations = 5", ["refine.iterations", "did you mean 'max_iterations'"]),
}


@pytest.mark.parametrize("case", KEYS)
def test_unknown_key(small: SmallStudy, case: str) -> None:
    after, line, words = KEYS[case]
    if after:
        small.change(after, f"{after}\n{line}")
    else:
        small.add(line)
    small.refused("study.toml, line", *words)


CHANGES = {
    "unknown key of a number": (
        "value = 3.51, vary", "value = 3.51, varied", ["line 5: crystals.ni.a:", "'varied'", "did you mean 'vary'"]),
    "unknown technique": ('"pdf"', '"PDF"', ["line 13: datasets.pdf:", "no technique 'PDF'", "did you mean 'pdf'"]),
    "technique missing": ('technique = "pdf"\n', "", ["line 13: datasets.pdf: needs a technique", "composition, "]),
    "technique in a list": ('"pdf"', '["pdf"]', ["technique must be text", 'the list ["pdf"]']),
    "unknown crystal": ('crystal = "ni"', 'crystal = "nj"', ["populations.dots.crystal", "no crystal 'nj'", ": ni"]),
    "crystal missing": ('crystal = "ni"\n', "", ["populations.dots.crystal: is missing", "name one of the crystals"]),
    "unknown shape": ('"sphere"', '"sphere "', ["no shape 'sphere '", "did you mean 'sphere'"]),
    "shape missing": ('shape = "sphere"\n', "", ["needs a shape", "atoms, blocks, brick, bulk, cube, cylinder"]),
    "cif missing": ('cif = "Ni.cif"\n', "", ["crystals.ni.cif: is missing", 'cif = "Pt.cif"']),
    "diameter missing": (f"diameter = {DIAMETER}\n", "", ["populations.dots.diameter: is missing", "Å"]),
    "unknown element": ("{ Ni =", "{ Co =", ["line 6: crystals.ni.u_iso.Co", "Ni.cif has no site or element 'Co'"]),
    "misspelt element": ("{ Ni =", "{ ni =", ["crystals.ni.u_iso.ni", "did you mean 'Ni'"]),
    "u_iso a number": ("{ Ni = { value = 0.006, vary = true } }", "0.006", ["crystals.ni.u_iso", "table", "0.006"]),
    "cell length of symmetry": ('"Ni.cif"', '"Ni.cif"\nb = 3.5', ["crystals.ni.b", "b follows a", "leave it out"]),
    "cell angle of symmetry": ('"Ni.cif"', '"Ni.cif"\nalpha = 91', ["crystals.ni.alpha", "alpha is 90", "F m -3 m"]),
    "two fractions": (
        'shape = "sphere"', 'shape = "sphere"\nmass_fraction = 1\nnumber_fraction = 1',
        ["populations.dots.mass_fraction", "number_fraction", "exactly one"]),
    "fraction below 0": ('shape = "sphere"', 'shape = "sphere"\nmass_fraction = -1', ["mass_fraction", "at least 0"]),
    "title a number": ('"Nickel"', "5", ["line 1: title", "text in quotation marks, got 5"]),
    "file a number": ('"ni.gr"', "5", ["line 15: datasets.pdf.file", "text in quotation marks, got 5"]),
    "name with a blank": ("[populations.dots]", '[populations."my dots"]', ["line 8", "'my dots'", "letters, digits"]),
    "name with a digit first": ("[crystals.ni]", '[crystals."1ni"]', ["line 3", "'1ni'", "not begin with a digit"]),
    "name with a path": ("[datasets.pdf]", '[datasets."../pdf"]', ["line 13", "'../pdf'", "letters, digits"]),
    "double brackets": ("[datasets.pdf]", "[[datasets.pdf]]", ["line 13: datasets.pdf", "list of tables"]),
    "unknown peak form": ("qmax = 20.0", 'qmax = 20.0\npeak_form = "pdfGui"', ["'debye' or 'pdfgui'", '"pdfGui"']),
    "qmax varied": ("qmax = 20.0", "qmax = { value = 20.0, vary = true }", ["datasets.pdf.qmax", "plain number"]),
    "qmax as text": ("qmax = 20.0", 'qmax = "20"', ["line 17: datasets.pdf.qmax", 'the text "20"', "leave out"]),
    "qmax missing": ("qmax = 20.0\n", "", ["datasets.pdf.qmax", "is missing", "up to which Q"]),
    "qmax nan": ("qmax = 20.0", "qmax = nan", ["line 17: datasets.pdf.qmax", "finite number, got nan"]),
    "qmax negative": ("qmax = 20.0", "qmax = -20", ["line 17: datasets.pdf.qmax", "qmin < qmax", "-20"]),
    "qmin above qmax": ("qmax = 20.0", "qmax = 20.0\nqmin = 20.0", ["line 17", "qmin < qmax", "qmin = 20"]),
    "columns as text": ("qmax = 20.0", 'qmax = 20.0\ncolumns = "r,g"', ["datasets.pdf.columns", "list", '"r,g"']),
    "columns of another kind": ("qmax = 20.0", 'qmax = 20.0\ncolumns = ["q", "f"]', ["G over r", "f over q"]),
    "columns misspelt": ("qmax = 20.0", 'qmax = 20.0\ncolumns = ["r", "G"]', ["'G' is no column", "did you mean 'g'"]),
    "file and r": ("qmax = 20.0", 'qmax = 20.0\nr = "1:9:0.1"', ["line 13: datasets.pdf", "either a file or", "r ="]),
    "neither file nor r": ('file = "ni.gr"\n', "", ["line 13: datasets.pdf", "either a file or", "r ="]),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_wrong_key_or_name(small: SmallStudy, case: str) -> None:
    old, new, words = CHANGES[case]
    small.change(old, new).refused("study.toml, line", *words)


NUMBERS = {
    "0": ["above 0", "100000 Å", "got 0"],
    "-5": ["above 0", "got -5"],
    "1e6": ["at most 100000 Å", "got 1e+06"],
    "true": ["must be a number, got true"],
    '"40"': ['must be a number, got the text "40"', "leave out the quotation marks"],
    '"forty"': ['must be a number, got the text "forty"'],
    "[20]": ["must be a number, got the list [20]"],
    "2020-01-01": ["must be a number, got 2020-01-01"],
    "inf": ["must be a finite number, got inf"],
    "-inf": ["must be a finite number, got -inf"],
    "nan": ["must be a finite number, got nan"],
    "9" * 400: ["must be at most 1e+60 in size", "too many digits"],
    "{}": ["needs a value", "{ value = 1.0, vary = true }", "or a tie"],
    "{ vary = true }": ["needs a value"],
    '{ value = "20" }': ["value must be a number", "leave out the quotation marks"],
    "{ value = 20, vary = 1 }": ["vary must be true or false", "got 1"],
    '{ value = 20, vary = "true" }': ["vary must be true or false", 'the text "true"'],
    "{ value = 20, min = 3 }": ["min and max bound a number that varies", "add vary = true"],
    "{ value = 20, vary = true, min = 30 }": ["the value 20 is below its min, 30"],
    "{ value = 20, vary = true, max = 10 }": ["the value 20 is above its max, 10"],
    "{ value = 20, vary = true, min = 30, max = 10 }": ["min must be below max", "min = 30 and max = 10"],
    "{ value = 20, vary = true, min = 20, max = 20 }": ["min must be below max"],
    "{ value = 20, vary = true, min = -30 }": ["diameter.min", "above 0", "got -30"],
    "{ value = 20, vary = true, max = 1e7 }": ["diameter.max", "at most 100000", "got 1e+07"],
    "{ value = 20, vary = true, max = inf }": ["max must be a finite number"],
    '{ value = 20, vary = true, min = "3" }': ["min must be a number", 'the text "3"'],
    '{ value = 20, tie = "3" }': ["a tied number has no value of its own", "leave out value or the tie"],
    "{ tie = 5 }": ["tie must be text", "got 5"],
    '{ distribution = "gauss", mean = 20, std = 2 }': ["no distribution 'gauss'", "lognormal, normal"],
    '{ distribution = "normal", mean = 20 }': ["a distribution needs std"],
    '{ distribution = "normal", mean = 20, sigma = 2 }': ["'sigma' is no key of a distribution", "std"],
    '{ distribution = "normal", mean = "20", std = 2 }': ["mean must be a number", 'the text "20"'],
    '{ distribution = "lognormal", mean = 20, std = -2 }': ["diameter.std", "above 0", "got -2"],
    '{ distribution = "lognormal", mean = -20, std = 2 }': ["diameter.mean", "above 0", "got -20"],
    '{ distribution = "normal", mean = 20, std = 25 }': ["std below its mean", "25 and 20", "lognormal"],
}


@pytest.mark.parametrize("number", NUMBERS)
def test_wrong_number(small: SmallStudy, number: str) -> None:
    small.change(DIAMETER, number).refused("study.toml, line 11: populations.dots.diameter", *NUMBERS[number])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("qdamp = 0.04", "qdamp = -0.1", ["line 18: datasets.pdf.qdamp", "at least 0", "Å⁻¹", "got -0.1"]),
        ("value = 0.006", "value = -1", ["line 6: crystals.ni.u_iso.Ni", "at least 0", "Å²", "got -1"]),
        ("value = 3.51", "value = -3.5", ["line 5: crystals.ni.a", "at least 0.5", "Å", "got -3.5"]),
        ("value = 3.51", "value = 1e6", ["line 5: crystals.ni.a", "at most 1000 Å", "got 1e+06"]),
        ("value = 3.51", "value = 1.5", ["crystals.ni", "atoms overlap: Ni1 and Ni1 are 1.06 Å apart", "volume 3.4"]),
        ("{ value = 3.51, vary = true }", '{ tie = "1.5" }', ["crystals.ni", "atoms overlap", "1.06 Å apart"]),
        (
            "{ value = 3.51, vary = true }", '{ distribution = "normal", mean = 3, std = 1 }',
            ["line 5: crystals.ni.a", "'distribution' is no key of a number"],
        ),
    ],
)  # fmt: skip
def test_number_outside_its_limits(small: SmallStudy, old: str, new: str, words: list[str]) -> None:
    small.change(old, new).refused("study.toml, line", *words)


RANGES = {
    "[1.5, 40.0]": ["from 1.5 to 40", "outside the data", "from 0.01 to 13.99"],
    "[20.0, 40.0]": ["from 20 to 40", "outside the data"],
    "[5.0, 5.0]": ["low < high", "[5, 5]"],
    "[12.0, 1.5]": ["low < high", "[12, 1.5]"],
    "[-1.0, 10.0]": ["0 ≤ low", "[-1, 10]"],
    "[1.5, 1e6]": ["outside the data"],
    "[1.5, 1.6]": ["1 independent points", "0.157 Å", "wider range"],
    "[1.5]": ["two numbers [low, high]", "[1.5]"],
    "[1, 2, 3]": ["two numbers [low, high]", "[1, 2, 3]"],
    '"1.5:12"': ["two numbers [low, high]", '"1.5:12"'],
    '["1", 5]': ["each end must be a number", 'the text "1"'],
    "[true, 5]": ["each end must be a number, got true"],
    "[nan, 5]": ["finite number, got nan"],
    "[1.5, inf]": ["finite number, got inf"],
}


@pytest.mark.parametrize("given", RANGES)
def test_wrong_range(small: SmallStudy, given: str) -> None:
    small.change("[1.5, 12.0]", given).refused("study.toml, line 16: datasets.pdf.r_range", *RANGES[given])


TIES = {
    "populations.dots.diameter": ["in a circle", "populations.dots.diameter -> populations.dots.diameter"],
    "crystals.ni.b": ["names 'crystals.ni.b', which is no parameter", "did you mean 'crystals.ni.a'"],
    "crystals.Ni.a": ["names 'crystals.Ni.a'", "did you mean 'crystals.ni.a'"],
    "a": ["names 'a', which is no parameter", "valid: crystals.ni.a"],
    "datasets.pdf.scale": ["'datasets.pdf.scale'", "left to the fit", "scale = { value = 1.0, vary = true }"],
    "__import__('os')": ["not allowed", "sqrt, exp, log, sin, cos"],
    "2 * open('x')": ["contains \"open('x')\"", "not allowed"],
    "open('x').read()": ["not allowed"],
    "(lambda: 1)()": ["not allowed"],
    "crystals.ni.a.__class__": ["which is no parameter"],
    "(1).real": ["no address"],
    "crystals.ni.a < 3": ["not allowed"],
    "'x'": ["not allowed"],
    "f'{1}'": ["not allowed"],
    "True": ["not allowed"],
    "1j": ["not allowed"],
    "1 if 1 else 2": ["not allowed"],
    "crystals.ni.a[0]": ["not allowed"],
    "sqrt(1, 2)": ["not allowed", "one argument"],
    "x := 3": ["not an arithmetic expression"],
    "crystals.ni.a; 1": ["not an arithmetic expression"],
    "2 × crystals.ni.a": ["not an arithmetic expression"],
    "crystals.ni.a +": ["not an arithmetic expression"],
    "": ["the tie is empty"],
    "crystals.ni.a ^ 2": ["contains ^", "a power is written **"],
    "9**9**9**9": ["has no value", "too large"],
    "9.0**9**9**9": ["has no value", "too large"],
    "exp(1000)": ["has no value", "too large"],
    "1e400": ["not a finite number"],
    "1/0": ["has no value", "division by zero"],
    "sqrt(-1)": ["has no value", "root or logarithm"],
    "(-8)**0.5": ["a root or logarithm of a negative number"],
    "-5": ["starts outside the limits", "above 0", "got -5"],
    "-" * 900 + "1": ["nested too deeply"],
    "+".join("1" * 400): ["nested too deeply"],
    "(" * 2000: ["at most 1000 characters"],
    "(" * 300 + "1" + ")" * 300: ["not an arithmetic expression"],
}


@pytest.mark.parametrize("tie", TIES, ids=lambda t: t[:20] or "empty")
def test_wrong_tie(small: SmallStudy, tie: str) -> None:
    small.change(DIAMETER, f'{{ tie = "{tie}" }}')
    small.refused("study.toml, line 11: populations.dots.diameter: ", "tie", *TIES[tie])


def test_ties_in_a_circle(small: SmallStudy) -> None:
    small.change("{ value = 3.51, vary = true }", '{ tie = "populations.dots.diameter / 5" }')
    small.change(DIAMETER, '{ tie = "5 * crystals.ni.a" }')
    small.refused("line 5: crystals.ni.a", "crystals.ni.a -> populations.dots.diameter -> crystals.ni.a")


SYNTAX = {
    "decimal comma": ("qmax = 20.0", "qmax = 20,0", ["line 17: 'qmax = 20,0'", "not valid TOML", "decimal point"]),
    "no quotation marks": ('"ni.gr"', "ni.gr", ["line 15: 'file = ni.gr'", "text needs quotation marks"]),
    "Windows path": ('"ni.gr"', '"C:\\Users\\ni.gr"', ["line 15", "write the path with /"]),
    "key twice": ("qmax = 20.0", "qmax = 20.0\nqmax = 21.0", ["line 18", "the key 'qmax' stands twice", "keep one"]),
    "table twice": ("qdamp = 0.04", "qdamp = 0.04\n[datasets.pdf]", ["line 19", "[datasets.pdf] stands twice"]),
    "blank in a header": ("[populations.dots]", "[populations.my dots]", ["line 8", "'[populations.my dots]'"]),
    "no value": ("qmax = 20.0", "qmax 20.0", ["line 17: 'qmax 20.0'", "expected NAME = VALUE"]),
    "capital true": ("vary = true }\nu_iso", "vary = True }\nu_iso", ["line 5", "not valid TOML"]),
}


@pytest.mark.parametrize("case", SYNTAX)
def test_text_that_is_not_toml(small: SmallStudy, case: str) -> None:
    old, new, words = SYNTAX[case]
    small.change(old, new).refused("study.toml, line", *words)


def test_deeply_nested_toml(small: SmallStudy) -> None:
    small.add("x = " + "[" * 5000).refused("study.toml", "not valid TOML")


def test_site_that_the_file_does_not_have(small: SmallStudy) -> None:
    small.add("[crystals.ni.sites.Ni2]\noccupancy = 0.5")
    small.refused("line 19: crystals.ni.sites.Ni2", "Ni.cif has no such site", "did you mean 'Ni1'")


def test_coordinate_that_symmetry_decides(small: SmallStudy) -> None:
    small.add("[crystals.ni.sites.Ni1]\nx = 0.5")
    small.refused("line 20: crystals.ni.sites.Ni1.x", "decided by symmetry", "free here: none")


def test_crystal_that_nobody_uses(small: SmallStudy) -> None:
    small.add('[crystals.other]\ncif = "Ni.cif"').refused("line 19: crystals.other", "used by no population")


def test_all_fractions_varied(small: SmallStudy) -> None:
    small.change('shape = "sphere"', 'shape = "sphere"\nmass_fraction = { value = 1, vary = true }')
    small.add('[populations.b]\ncrystal = "ni"\nshape = "bulk"\nmass_fraction = { value = 1, vary = true }')
    small.refused("line 11: populations.dots.mass_fraction", "one of them must be fixed or tied", "tie =")


def test_number_fraction_of_an_infinite_crystal(small: SmallStudy) -> None:
    small.change('shape = "sphere"', 'shape = "sphere"\nnumber_fraction = 1')
    small.add('[populations.b]\ncrystal = "ni"\nshape = "bulk"\nnumber_fraction = 1')
    small.refused("populations.b.number_fraction", "infinite crystal has no number", "mass_fraction")


def test_fractions_that_add_up_to_nothing(small: SmallStudy) -> None:
    small.change('shape = "sphere"', 'shape = "sphere"\nmass_fraction = 0')
    small.refused("populations", "fractions of all populations are zero")


def test_no_population_or_data_set(small: SmallStudy) -> None:
    whole = small.text
    small.text = ""
    small.refused("study.toml: populations: is missing", "[populations.dots]")
    small.text = whole[: whole.index("[datasets")]
    small.refused("study.toml: datasets: is missing", "[datasets.pdf]")
    small.add("[datasets]").refused("line 13: datasets", "at least one measured data set")
    small.text = "populations = 5\n" + small.text[: small.text.index("[populations")]
    small.refused("line 1: populations", "table")


def test_parameter_without_effect(small: SmallStudy) -> None:
    small.change("{ Ni = { value = 0.006, vary = true } }", "{ Ni = 0 }")
    small.add("qbroad = { value = 0.01, vary = true }")
    small.refused("line 19: datasets.pdf.qbroad", "varied but has no effect", "fix it")


def test_more_parameters_than_points(small: SmallStudy) -> None:
    small.change("[1.5, 12.0]", "[1.5, 2.3]").add("qbroad = { value = 0.01, vary = true }")
    small.refused("datasets", "5 independent points", "5 refined parameters")


def test_simulated_data_set_cannot_be_refined(small: SmallStudy) -> None:
    small.change('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1:9:0.1"')
    small.refused("line 13: datasets.pdf", "has no file", "simulate")


GRIDS = {
    "0.1:10": "expected START:STOP:STEP",
    "a:b:c": "expected START:STOP:STEP",
    "10:1:0.1": "START < STOP",
    "0.1:10:-0.1": "positive STEP",
    "0.1:10:0": "positive STEP",
    "nan:10:0.1": "expected START:STOP:STEP",
    "-1:10:0.1": "must not be negative",
    "0:1:5": "would have 1 points",
    "0:1e9:1e-5": "points",
}


@pytest.mark.parametrize("grid", GRIDS)
def test_wrong_grid_to_simulate(small: SmallStudy, grid: str) -> None:
    small.change('file = "ni.gr"\nr_range = [1.5, 12.0]', f'r = "{grid}"')
    small.refused("line 15: datasets.pdf.r: ", GRIDS[grid], verb="simulate")


NOISES = {
    "5": ["datasets.pdf.noise", "table", "got 5"],
    "{ sigma = -1 }": ["datasets.pdf.noise.sigma", "above 0"],
    "{ sigma = nan }": ["datasets.pdf.noise.sigma", "finite"],
    "{ sigma = 0.1, seed = -1 }": ["datasets.pdf.noise.seed", "at least 0"],
    "{ sigma = 0.1, seed = 1.5 }": ["datasets.pdf.noise.seed", "whole number"],
    "{ sigma = 0.1, sed = 1 }": ["datasets.pdf.noise.sed", "did you mean 'seed'"],
    "{ counts = 100 }": ["datasets.pdf.noise", "needs sigma"],
}


@pytest.mark.parametrize("noise", NOISES)
def test_wrong_noise(small: SmallStudy, noise: str) -> None:
    small.change('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1:9:0.1"').add(f"noise = {noise}")
    small.refused("study.toml, line", *NOISES[noise], verb="simulate")


OPTIONS = {
    "max_iterations = 0": "above 0, got 0",
    "max_iterations = 1.5": "whole number, got 1.5",
    "max_iterations = true": "whole number, got true",
    'max_iterations = "5"': "leave out the quotation marks",
    "starts = 100000": "at most 1000",
    "seed = -1": "at least 0",
    "tolerance = 1": "below 0.01",
    "tolerance = nan": "finite",
    'loss = "huberr"': "'huber'",
    "loss_scale = -1": "above 0, got -1",
    "loss_scale = inf": "finite",
}


@pytest.mark.parametrize("option", OPTIONS)
def test_wrong_option_of_the_optimiser(small: SmallStudy, option: str) -> None:
    small.add(f"[refine]\n{option}").refused(f"line 20: refine.{option.split()[0]}", OPTIONS[option])


def test_two_data_sets_on_one_file(small: SmallStudy) -> None:
    small.add('[datasets.low]\ntechnique = "pdf"\nfile = "ni.gr"\nr_range = [1.5, 6.0]\nqmax = 15.0')
    said = small.refine("--quiet")
    assert said.exit_code == 0, said
    assert (small.folder / "study" / "low.csv").is_file()


def test_line_ends_and_marks_of_other_editors(small: SmallStudy) -> None:
    small.text = "\ufeff" + small.text.replace("\n", "\r\n")
    assert small.refine("--quiet").exit_code == 0
