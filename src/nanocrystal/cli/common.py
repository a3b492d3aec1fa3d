"""What all verbs share: the command itself, options, messages and exit codes, checks of where results go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, TypeVar, get_type_hints

import typer

app: typer.Typer = typer.Typer(
    help="What are my nanocrystals made of? One atomistic model, refined against the measurements.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # in the other mode brackets in help texts, such as [candidates.NAME], vanish
    context_settings={"help_option_names": ["-h", "--help"]},
)
NOT_CONVERGED, WRONG_INPUT, INTERRUPTED = 1, 2, 130

StudyPath = Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The study file.")]
OutFolder = Annotated[Path | None, typer.Option("--out", help="Folder for the results (default: beside the study).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors and the path of the report.")]


Asked = TypeVar("Asked")


def by_options(kind: Callable[..., Asked]) -> Callable[[Callable[[Asked], None]], Callable[..., None]]:
    """Return a decorator of a command that takes one object: typer sees an option for each field of its dataclass."""
    hints = get_type_hints(kind, include_extras=True)
    parameters = signature(kind).parameters.values()
    fields = [p.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[p.name]) for p in parameters]

    def of(command: Callable[[Asked], None]) -> Callable[..., None]:
        @wraps(command)
        def called(**given: object) -> None:
            command(kind(**given))

        called.__signature__ = Signature(fields)  # type: ignore[attr-defined]
        called.__annotations__ = {p.name: p.annotation for p in fields}
        return called

    return of


@contextmanager
def errors(quiet: bool = False) -> Iterator[None]:
    """Turn our exceptions into one message and an exit code, without a traceback."""
    from nanocrystal.errors import InputError, NanocrystalError
    from nanocrystal.kernels.compiled import announce_to

    announce_to(None if quiet else say)
    try:
        yield
    except InputError as error:
        say(f"Error: {error}")
        raise typer.Exit(WRONG_INPUT) from None
    except NanocrystalError as error:
        say(f"Error: {error}")
        raise typer.Exit(NOT_CONVERGED) from None
    except KeyboardInterrupt:
        say("Interrupted before anything could be saved.")
        raise typer.Exit(INTERRUPTED) from None
    except MemoryError:
        say("Error: this needs more memory than there is; use fewer points, a shorter range or a smaller sample.")
        raise typer.Exit(WRONG_INPUT) from None
    except OSError as error:
        say(f"Error: {error.filename or 'file'}: {error.strerror or error}.")
        raise typer.Exit(NOT_CONVERGED) from None


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _version(asked: bool) -> None:
    if asked:
        from nanocrystal import __version__

        print(f"nanocrystal {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def check_way_to(target: Path) -> None:
    """Raise InputError where `target`, a file or folder to be written, cannot be made or written to."""
    from nanocrystal.errors import InputError

    blocking = next((p for p in target.absolute().parents if p.exists() and not p.is_dir()), None)
    if blocking is not None:
        raise InputError("--out", f"{str(target)!r} cannot be made: {str(blocking.name)!r} is a file, not a folder.")
    nearest = next(p for p in (target.absolute(), *target.absolute().parents) if p.is_dir())
    try:
        with TemporaryDirectory(prefix=".nanocrystal-", dir=nearest):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        problem = f"{str(nearest)!r} cannot be written to ({reason}); name another folder."
        raise InputError("--out", problem) from None


def check_folder(folder: Path, names: list[str], named: bool, record: str) -> None:
    """Raise InputError where `names` cannot go to `folder`; named: whether --out did name it."""
    from nanocrystal.errors import InputError
    from nanocrystal.report.compared.files import COMPARISON
    from nanocrystal.report.files import check_folder
    from nanocrystal.report.reduction.result import REDUCTION
    from nanocrystal.report.refined.result import RESULTS
    from nanocrystal.report.simulated import SIMULATION

    kinds = {RESULTS: ("refinement", "refined"), SIMULATION: ("simulation", "simulated")}
    kinds[COMPARISON] = ("comparison", "compared")
    kinds[REDUCTION] = ("reduction", "reduced")
    try:
        check_folder(folder, names, record)
    except InputError as error:
        for other, (kind, _) in kinds.items():
            if other != record and (folder / other).is_file() and not (folder / record).exists():
                problem = f"holds the results of a {kind}; name another folder"
                suggested = f"{folder}-{kinds.get(record, ('', 'results'))[1]}"
                raise InputError(str(folder), f"{problem}, for instance --out {suggested}.") from None
        if named:
            raise
        raise InputError(str(folder), f"{error.problem.rstrip('.')} with --out.") from None


def check_file(out: Path) -> None:
    """Raise InputError where a CSV cannot be written to `out` without loss: a folder, or a foreign file."""
    from nanocrystal.errors import InputError

    check_way_to(out)
    if out.is_dir():
        raise InputError("--out", f"{str(out)!r} is a folder; name a CSV file, for instance {str(out / 'iq.csv')!r}.")
    if out.exists() and not out.read_bytes().startswith(b"q,intensity\n"):
        raise InputError("--out", f"{str(out)!r} exists and is no CSV of this command; name another file.")
