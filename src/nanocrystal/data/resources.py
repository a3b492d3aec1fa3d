"""Where a file named in the user's input is: beside that input, or inside an installed package."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from nanocrystal.errors import InputError, nearest_names

PREFIX = "package:"
_ESCAPES = {
    "\n": ("\\n", "a line break"),
    "\t": ("\\t", "a tab"),
    "\r": ("\\r", "a line break"),
    "\b": ("\\b", "a control sign"),
    "\f": ("\\f", "a control sign"),
    "\x1b": ("\\e", "a control sign"),
}
"""what a backslash and a letter make in TOML -> both of them, and what it is called"""
_PACKAGE_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def resolved_path(path_text: str, base: str | Path = "", where: str = "path") -> Path:
    """Return the path that a text in the user's input means.

    Parameters
    ----------
    path_text : str
        A path, or "package:NAME/inner/path", a file inside the installed Python package NAME.
    base : str or Path, optional
        The folder where a relative path begins [the working directory].
    where : str, optional
        What messages call the text.

    Returns
    -------
    Path
        The path; only files in packages are checked to exist.

    Raises
    ------
    InputError
        For an empty text, for a package that is not installed and for a file that the package does not hold.
    """
    if not path_text.strip():
        raise InputError(where, "must name a file; got an empty text")
    _refuse_escapes(path_text, where)
    if not path_text.startswith(PREFIX):
        return Path(base) / path_text
    package, _, inner = path_text.removeprefix(PREFIX).partition("/")
    parts = [part for part in inner.split("/") if part]
    if not _PACKAGE_NAME.fullmatch(package) or not parts or ".." in parts:
        raise InputError(where, f'must be "package:NAME/path/to/file" without ".."; got "{path_text}"')
    root = package_folder(package, where, "/".join(parts))
    path = root.joinpath(*parts)
    if not path.is_file():
        raise InputError(where, _missing_inside(package, root, parts))
    return path


def _refuse_escapes(path_text: str, where: str) -> None:
    """Raise InputError for a line break or the like in a path: a backslash before a letter makes one of it."""
    first = next((sign for sign in path_text if sign in _ESCAPES), None)
    if first is None:
        return
    meant = "".join(_ESCAPES.get(sign, (sign, ""))[0] for sign in path_text)
    escape, name = _ESCAPES[first]
    slashes = meant.replace("\\", "/")
    raise InputError(
        where,
        f"holds {name}: between double quotation marks a backslash and a letter, {escape}, are one sign; write "
        f"'{meant}' between single ones, or \"{slashes}\"",
    )


def package_folder(package: str, where: str, inner: str = "") -> Path:
    """Return the folder of an installed package, found without running any of its code.

    inner: the path in it that is looked for, where the package is spread over several folders. Raises InputError where
    it is not installed, and where it is no folder of files.
    """
    folders = _folders_of(package)
    if folders is None:
        raise InputError(where, f"the package {package} is not installed; {_install_line(package)}")
    found = [Path(folder) for folder in folders if Path(folder).is_dir()]
    if not found:
        raise InputError(where, f"the package {package} is not installed as a folder of files")
    return next((folder for folder in found if inner and (folder / inner).exists()), found[0])


def _folders_of(package: str) -> Sequence[str] | None:
    """Return where the modules of a package are looked for, none of a single module; None where it is not installed.

    What `importlib.util.find_spec` does, but for imports of the packages above it, which it would run.
    """
    above: Sequence[str] | None = None
    parts = package.split(".")
    for depth, part in enumerate(parts, start=1):
        name = ".".join(parts[:depth])
        if name in sys.modules and sys.modules[name] is None:
            return None
        spec = next((s for finder in sys.meta_path if (s := _spec_by(finder, name, above)) is not None), None)
        if spec is not None:
            above = list(spec.submodule_search_locations or ())
            continue
        # finders ask the module above for a name space in it, and that is not imported here
        above = [str(Path(folder) / part) for folder in above or () if (Path(folder) / part).is_dir()]
        if not above:
            return None
    return above


def _spec_by(finder: Any, name: str, above: Sequence[str] | None) -> ModuleSpec | None:
    """Return how one of the finders of Python would import a module; above: where the package above it is."""
    try:
        spec: ModuleSpec | None = finder.find_spec(name, above, None)
    except (ImportError, AttributeError, ValueError, KeyError):
        return None
    return spec


def _install_line(package: str) -> str:
    if package != "diffpy.cmi":
        return f"install it with: pip install {package}"
    too_new = " (it needs Python below 3.14)" if sys.version_info >= (3, 14) else ""
    return f'install it with: pip install "nanocrystal[examples]"{too_new}'


def _missing_inside(package: str, root: Path, parts: list[str]) -> str:
    folder = root
    for part in parts:
        if not (folder / part).is_dir():
            break
        folder = folder / part
    else:
        return f"{'/'.join(parts)} in the package {package} is a folder; name a file in it"
    names = [entry.name for entry in folder.iterdir()]
    shown = "/".join([package, *folder.relative_to(root).parts])
    return f"the package {package} has no file {'/'.join(parts)}: in {shown}, {nearest_names(part, names)}"
