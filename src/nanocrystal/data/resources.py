"""Where a file named in the user's input is: beside that input, or inside an installed package."""

from __future__ import annotations

import importlib.resources
import re
import sys
from pathlib import Path

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
    root = package_folder(package, where)
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


def package_folder(package: str, where: str) -> Path:
    try:
        root = importlib.resources.files(package).joinpath("")
    except ModuleNotFoundError as error:
        raise InputError(where, f"the package {package} is not installed; {_install_line(package)}") from error
    except Exception as error:  # importing a foreign package runs its code, which may raise anything
        raise InputError(where, f"the package {package} cannot be opened: {error}") from error
    if not isinstance(root, Path):
        raise InputError(where, f"the package {package} is not installed as a folder of files")
    return root


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
