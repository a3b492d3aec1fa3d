"""What the author of a study is told: where in the file it is, and what is wrong, in the words of TOML."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nanocrystal.errors import InputError, nearest_names

_RANGE = "[low, high] in one key"
_DISPLACEMENT = "B = 8π² u_iso"
_MEANT_KEYS: dict[str, tuple[tuple[str, ...], str]] = {
    **dict.fromkeys(("rmin", "rmax", "r_min", "r_max", "fitrange", "fit_range"), (("r_range",), _RANGE)),
    **dict.fromkeys(("qmin", "qmax", "q_min", "q_max"), (("q_range", "qmin", "qmax"), _RANGE)),
    **dict.fromkeys(("tthmin", "tthmax", "two_theta_min", "two_theta_max"), (("two_theta_range",), _RANGE)),
    "radius": (("diameter",), "twice the radius"),
    **dict.fromkeys(
        ("size", "spdiameter", "psize", "d"), (("diameter", "edge_length", "d_ab", "length_a"), "a length in Å")
    ),
    **dict.fromkeys(("edge", "length"), (("edge_length", "l_c", "length_a"), "a length in Å")),
    **dict.fromkeys(("b", "b_iso", "biso", "beq", "b_factor", "bfactor"), (("u_iso",), _DISPLACEMENT)),
    **dict.fromkeys(("u", "uiso", "ueq", "adp", "u11"), (("u_iso",), "by element or site label")),
    **dict.fromkeys(("lattice", "lattice_parameter", "cell", "a0"), (("a",), "and b, c, alpha … as symmetry leaves")),
    **dict.fromkeys(("sigma", "width", "sd", "stdev"), (("std",), "standard deviation, Å")),
    **dict.fromkeys(("lambda", "lam"), (("wavelength",), "Å")),
    **dict.fromkeys(("free", "refine", "fit"), (("vary",), "true or false")),
    **dict.fromkeys(("start", "initial"), (("value",), "where the refinement starts")),
    **dict.fromkeys(("lower", "low", "minimum"), (("min",), "")),
    **dict.fromkeys(("upper", "high", "maximum"), (("max",), "")),
    **dict.fromkeys(("background", "polynomial"), (("background_terms",), "how many terms")),
    **dict.fromkeys(("structure", "phase"), (("cif", "crystal"), "")),
    **dict.fromkeys(("fraction", "weight", "amount"), (("mass_fraction",), "or number_fraction, volume_fraction")),
}
"""what other programs call a key, in lower case -> the keys here, and a remark"""


def nearest_keys(key: str, valid: Iterable[str]) -> str:
    """Return 'did you mean …' for a key that is none here, also for what other programs call it."""
    names = set(valid)
    meant, remark = _MEANT_KEYS.get(key.lower(), ((), ""))
    keys = [k for k in meant if k in names]
    if not keys:
        return nearest_names(key, names)
    remark = f" ({remark})" if remark else ""
    return f"did you mean {keys[0]!r}{remark}? (valid: {', '.join(sorted(names))})"


def shown(value: Any) -> str:
    """Return a value as a message for its author quotes it, in the words of TOML rather than of Python."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 60 else f'the text "{value[:60]}…"'
    if isinstance(value, dict):
        return "a table with " + ", ".join(value) if value else "an empty table"
    if isinstance(value, list):
        items = [f'"{v}"' if isinstance(v, str) else shown(v) for v in value[:5]]
        return f"the list [{', '.join(items)}{', …' if len(value) > 5 else ''}]"
    if isinstance(value, int) and abs(value) > 10**15:
        return "a whole number of too many digits"
    return str(value)


def quotes_hint(value: Any) -> str:
    """Return advice for a number that was written as text, or nothing."""
    try:
        return "; leave out the quotation marks" if isinstance(value, str) and math.isfinite(float(value)) else ""
    except ValueError:
        return ""


def syntax_error(path: Path, text: str, problem: str) -> InputError:
    """Return the error for a text that is not TOML: which line, what is wrong with it, what to do."""
    match = re.search(r" \(at line (\d+), column \d+\)", problem)
    if match is None:
        return InputError(str(path), f"is not valid TOML: {problem}.")
    number = int(match[1])
    line = (text.splitlines() + [""] * number)[number - 1].strip()
    shown = repr(line if len(line) <= 80 else f"{line[:80]}…")
    words = problem[: match.start()]
    key = line.partition("=")[0].strip()
    if words.startswith("Cannot overwrite a value"):
        problem = f"the key {key!r} stands twice in one table; keep one."
    elif words.startswith("Cannot declare"):
        problem = f"the table {line} stands twice; join the two."
    else:
        problem = f"{shown} is not valid TOML ({words}){_syntax_hint(line)}."
    return InputError(f"{path}, line {number}", problem)


def endless_number(path: Path, text: str) -> InputError:
    """Return the error for a whole number of more digits than a number of Python may have."""
    most = sys.get_int_max_str_digits()
    found = re.search(rf"(?<![\w.])[+-]?(?:\d_?+){{{most}}}", text)
    where = str(path) if found is None else f"{path}, line {text.count(chr(10), 0, found.start()) + 1}"
    return InputError(where, f"is not valid TOML: it holds a number of more than {most} digits.")


def _syntax_hint(line: str) -> str:
    """Return what the author of a broken line may have meant."""
    value = line.partition("=")[2].strip()
    if '"' in value and "\\" in value:
        quoted = re.search(r'"([^"]*)', value)
        path = quoted[1].replace("\\", "/") if quoted else ""
        return f'; a backslash begins a sign of its own: write the path with / instead, "{path}", or between single \''
    if re.match(r"[+-]?\d+,\d", value):
        return "; numbers have a decimal point, no comma"
    if line.startswith("["):
        return "; a header is one name in square brackets, such as [populations.dots], without blanks"
    if "=" not in line:
        return "; expected NAME = VALUE or a header such as [populations.dots]"
    if re.match(r"[A-Za-z_./]", value):
        return "; text needs quotation marks, and true and false are written small"
    return ""


_TAGS = {"bulk", "sphere", "atoms", "function-after[_identifier(), str]", "[key]"}
"""what pydantic adds to an address that no key of the study stands for"""
OF_SCATTERING, OF_ABSORPTION = "[scattering]", "[absorption]"
"""the kinds of reductions, which it adds, too"""
_MEANT = {
    "cif": 'name the structure file, for instance cif = "Pt.cif"',
    "crystal": "name one of the crystals of the study",
    "diameter": "give a number in Å, or a distribution",
    "file": "name the file with the atoms, .xyz or .cif",
    "composition": 'write the formula of the sample, such as composition = "Ni"',
    "files": 'name the scans, for instance files = "foil.xdi"',
    "absorption": 'say which edge was scanned, such as absorption = { element = "Cu", edge = "K" }',
    "kind": 'say what was measured: "inversion-recovery", "saturation-recovery" or "echo-decay"',
    "populations": "say what the sample is made of, with a header such as [populations.dots]",
    "datasets": "say what was measured, with a header such as [datasets.pdf]",
}


def first_problem(error: Any, prefix: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return address and sentence of the first problem that pydantic found."""
    problem = error.errors(include_url=False)[0]
    kind, context, value = problem["type"], problem.get("ctx", {}), problem.get("input")
    kinds = (OF_SCATTERING, OF_ABSORPTION)
    parts = [*prefix, *(p for k, p in enumerate(problem["loc"]) if not ((str(p) in _TAGS and k == 2) or p in kinds))]
    entry = next((f"its entry {p + 1} " for p in parts if isinstance(p, int)), "")  # counted from 1
    parts = [p for p in parts if not isinstance(p, int)]
    if kind == "unknown_key":
        parts.append(context["key"])
    got = f"got {shown(value)}"
    number = "a plain number, which can neither vary nor be tied" if isinstance(value, dict) else "a number"
    sentences = {
        "missing": "is missing" + (f": {_MEANT[parts[-1]]}." if parts and parts[-1] in _MEANT else "."),
        "string_type": f"must be text in quotation marks, {got}.",
        "float_type": f"must be {number}, {got}{quotes_hint(value)}.",
        "finite_number": f"must be a finite number, {got}.",
        "int_type": f"must be a whole number, {got}{quotes_hint(value)}.",
        "bool_type": f"must be true or false, {got}.",
        "dict_type": f"must be a table of names, {got}.",
        "list_type": f"must be a list in square brackets, {got}.",
        "literal_error": f"must be {context.get('expected')}, {got}.",
        "greater_than": f"must be above {context.get('gt', 0):g}, {got}.",
        "greater_than_equal": f"must be at least {context.get('ge', 0):g}, {got}.",
        "less_than": f"must be below {context.get('lt', 0):g}, {got}.",
        "less_than_equal": f"must be at most {context.get('le', 0):g}, {got}.",
    }
    sentence = sentences.get(kind, context.get("message") or f"{problem['msg']}, {got}.")
    address = ".".join(p for p in parts if p != "[key]")
    if parts and parts[-1] == "image" and isinstance(value, str):
        sentence = f'is a table with keys of its own: write [{address}] with file = "{value}".'
    return address, f"{entry}{sentence}"


@dataclass(frozen=True)
class Source:
    """Where a study stands: a file, or a candidate of it, whose `override` is laid over `base`."""

    path: Path
    text: str
    candidate: str = ""
    base: Mapping[str, Any] = field(default_factory=dict)
    override: Mapping[str, Any] = field(default_factory=dict)

    def located(self, error: InputError) -> InputError:
        """Return the error with file and line, and with the candidate where it is one."""
        if not self.candidate:
            return InputError(place(self.path, self.text, error.where), error.problem)
        parts = error.where.partition(": ")[0].split(".") if error.where else []
        of_candidate, of_base = _depth(self.override, parts), _depth(self.base, parts)
        if of_candidate >= of_base or not parts:
            where = ".".join(["candidates", self.candidate, *([error.where] if error.where else [])])
            return InputError(place(self.path, self.text, where), error.problem)
        where = f"{place(self.path, self.text, error.where)}, candidate {self.candidate}"
        if of_base < len(parts) or _is_measured(parts):
            return InputError(where, error.problem)
        sentence = error.problem.rstrip(".")
        address = ".".join(parts)
        return InputError(where, f'{sentence}; this key is that of the study, drop = ["{address}"] leaves it out here.')


_MEASURED_KEYS = (
    "technique",
    "file",
    "reduction",
    "columns",
    "sigma",
    "covariance",
    "ratios",
    "r_range",
    "q_range",
    "two_theta_range",
    "exclude",
)


def _is_measured(parts: Sequence[str]) -> bool:
    """Return whether an address is that of measured data, which a candidate may not leave out."""
    return parts[0] == "datasets" and ("shifts" in parts[2:] or parts[-1] in _MEASURED_KEYS)


def _depth(content: Any, parts: Sequence[str]) -> int:
    """Return how many leading parts of an address lead somewhere in nested tables."""
    for depth, part in enumerate(parts):
        if not isinstance(content, Mapping) or part not in content:
            return depth
        content = content[part]
    return len(parts)


def place(path: Path, text: str, where: str) -> str:
    """Return 'file, line n: address' for what an error says of its place, as far as the line can be found."""
    if not where:
        return str(path)
    line = _line_of(text, where.partition(": ")[0].split("."))
    return f"{path}, line {line}: {where}" if line else f"{path}: {where}"


_KEY = re.compile(r"""(?:[\w.\- ]|"[^"]*"|'[^']*')+""")


def _line_of(text: str, parts: list[str]) -> int | None:
    """Return the first line that shares the longest leading part with an address, counted from 1."""
    table: list[str] = []
    best, best_depth = None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?([^\[\]]+)\]", line)
        key = line.partition("=")[0].strip() if "=" in line else ""
        if header:
            table = [p.strip().strip("\"'") for p in header.group(1).split(".")]
            here = table
        elif _KEY.fullmatch(key):
            here = table + [p.strip().strip("\"'") for p in key.split(".")]
        else:
            continue
        depth = next(
            (k for k, (a, b) in enumerate(zip(here, parts, strict=False)) if a != b), min(len(here), len(parts))
        )
        inside = depth == len(here) or depth == len(parts)
        if inside and depth > best_depth:
            best, best_depth = number, depth
    return best
