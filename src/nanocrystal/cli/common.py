"""What all verbs share: the command itself, options, messages and exit codes, and the one way out of results.

A verb says where its result goes (`to_folder`, `to_file`, `to_either`), which is checked before anything is computed,
and hands the computation to `give`, which saves what comes of it, tells it, and ends the command with its exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar, get_type_hints

import typer

from nanocrystal.stopping import INTERRUPTED, NOTHING_SAVED, raise_interrupts

if TYPE_CHECKING:
    from nanocrystal.report.outcome import Outcome

app: typer.Typer = typer.Typer(
    help="What are my nanocrystals made of? One atomistic model, refined against the measurements.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # in the other mode brackets in help texts, such as [candidates.NAME], vanish
    context_settings={"help_option_names": ["-h", "--help"]},
)
NOT_CONVERGED, WRONG_INPUT = 1, 2

StudyPath = Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The study file.")]
OutFolder = Annotated[Path | None, typer.Option("--out", help="Folder for the results (default: beside the study).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors and the path of the report.")]

SingleFile = Annotated[
    bool,
    typer.Option("--single-file", help="Each page holds the script of its figures itself, 5 MB, to be sent alone."),
]

Memory = Annotated[
    float | None,
    typer.Option(metavar="GB", help="What it may need at most (default: three quarters of what the machine has)."),
]

Options = TypeVar("Options")


def by_options(kind: Callable[..., Options]) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Return a decorator of a command that takes one object: typer sees an option for each field of its dataclass."""
    hints = get_type_hints(kind, include_extras=True)
    parameters = signature(kind).parameters.values()
    fields = [p.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[p.name]) for p in parameters]

    def of(command: Callable[[Options], None]) -> Callable[..., None]:
        @wraps(command)
        def called(**options: object) -> None:
            command(kind(**options))

        called.__signature__ = Signature(fields)  # type: ignore[attr-defined]
        called.__annotations__ = {p.name: p.annotation for p in fields}
        return called

    return of


@contextmanager
def errors(quiet: bool = False) -> Iterator[None]:
    """Turn our exceptions into one message and an exit code, without a traceback."""
    from nanocrystal.errors import InputError, NanocrystalError
    from nanocrystal.kernels.compiled import announce_to, nobody_else_compiles

    announce_to(None if quiet else say)
    nobody_else_compiles()
    try:
        raise_interrupts()
        yield
    except InputError as error:
        say(f"Error: {error}")
        raise typer.Exit(WRONG_INPUT) from None
    except NanocrystalError as error:
        say(f"Error: {error}")
        raise typer.Exit(NOT_CONVERGED) from None
    except KeyboardInterrupt:
        say(NOTHING_SAVED)
        raise typer.Exit(INTERRUPTED) from None
    except MemoryError:
        say("Error: this needs more memory than there is; use fewer points, a shorter range or a smaller sample.")
        raise typer.Exit(WRONG_INPUT) from None
    except OSError as error:
        say(f"Error: {error.filename or 'file'}: {error.strerror or error}.")
        raise typer.Exit(NOT_CONVERGED) from None


@contextmanager
def allowed(memory: float | None) -> Iterator[None]:
    """Let what is calculated inside need no more than an option --memory says."""
    from nanocrystal.cost import allowing

    with allowing(memory, "--memory"):
        yield


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _version(value: bool) -> None:
    if value:
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


def check_is_there(study: Path) -> None:
    """Raise InputError for a study that is no file, as reading it does, before what reads it is loaded."""
    from nanocrystal.text import file_bytes

    if not study.exists():
        file_bytes(study, "study")


def check_way_to(target: Path) -> None:
    """Raise InputError where `target`, a file or folder to be written, cannot be made or written to."""
    from nanocrystal.errors import InputError
    from nanocrystal.filenames import check_target

    check_target(target)
    blocking = next((p for p in target.absolute().parents if p.exists() and not p.is_dir()), None)
    if blocking is not None:
        raise InputError("--out", f"{str(target)!r} cannot be made: {str(blocking.name)!r} is a file, not a folder.")
    nearest = next(p for p in (target.absolute(), *target.absolute().parents) if p.is_dir())
    try:
        TemporaryFile(dir=nearest).close()  # has no name on most systems, so that nothing is left
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        problem = f"{str(nearest)!r} cannot be written to ({reason}); name another folder."
        raise InputError("--out", problem) from None


def check_folder(folder: Path, names: list[str], named: bool, record: str) -> None:
    """Raise InputError where `names` cannot go to `folder`; named: whether --out did name it."""
    from nanocrystal.errors import InputError
    from nanocrystal.report.compared.result import COMPARISON
    from nanocrystal.report.files import check_folder
    from nanocrystal.report.reduction.result import REDUCTION
    from nanocrystal.report.refined.result import RESULTS
    from nanocrystal.report.simulated.result import SIMULATION

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


def check_is_other(out: Path, source: Path) -> None:
    """Raise InputError where what is to be written is the file that is read."""
    from nanocrystal.errors import InputError

    if out.absolute() == source.absolute():
        raise InputError("--out", f"{str(out)!r} is the file that is read; name another one with --out.")


# ---- the one way out ------------------------------------------------------------------------------


class Described(Protocol):
    """What a file of ours says: where it is, and its text, which is kept with the results."""

    @property
    def path(self) -> Path: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class Target:
    """Where a result goes: a folder, or a file alone; study: text of the study that is kept there.

    single_file: whether each of several pages holds the script of its figures itself.
    """

    path: Path
    is_file: bool = False
    study: str | None = None
    single_file: bool = False

    def save(self, result: Outcome) -> None:
        """Write a result here."""
        if self.is_file:
            result.save_file(self.path)
        else:
            result.save(self.path, self.study, single_file=self.single_file)

    def at(self, path: Path) -> Target:
        """Return another target of the same kind."""
        return replace(self, path=path)


def to_folder(
    kind: type[Outcome], out: Path | None, default: Path, names: Sequence[str], study: Described | None = None
) -> Target:
    """Return the folder that a result goes to: `out`, or else the default.

    names: of the files to come, beside report, record and the copy of the study. Raises InputError, before anything
    is computed, where they cannot be written.
    """
    from nanocrystal.filenames import check_files
    from nanocrystal.report.outcome import REPORT, STUDY
    from nanocrystal.report.together import try_to_settle

    folder = default if out is None else out
    check_files(names)
    check_way_to(folder)
    try_to_settle(folder)
    kept = study is not None and (folder / STUDY).absolute() != study.path.absolute()
    check_folder(folder, [REPORT, *names, *([STUDY] if kept else []), kind.record], out is not None, kind.record)
    return Target(folder, study=study.text if study is not None and kept else None)


def to_file(kind: type[Outcome], out: Path | None, default: Path) -> Target:
    """Return the file that a result goes to: `out`, or else the default; raises InputError where it cannot."""
    from nanocrystal.errors import InputError
    from nanocrystal.report.files import check_file
    from nanocrystal.report.together import try_to_settle

    file = default if out is None else out
    check_way_to(file)
    try_to_settle(file.absolute().parent)
    try:
        check_file(file, kind.replaces)
    except InputError as error:
        if out is not None:
            raise
        raise InputError(error.where, f"{error.problem.rstrip('.')} with --out.") from None
    return Target(file, is_file=True)


def to_either(
    kind: type[Outcome], out: Path, names: Sequence[str], study: Described | None = None, *, is_file: bool = False
) -> Target:
    """Return where a result goes that may be a file alone: a file where `out` has a suffix, else a folder.

    is_file: whether it is one whatever it is called. Raises InputError where it cannot be written.
    """
    from nanocrystal.errors import InputError
    from nanocrystal.report.files import names_file
    from nanocrystal.report.together import try_to_settle

    if is_file or names_file(out):
        if not is_file:
            kind.check_name(out)
        return to_file(kind, out, out)
    check_way_to(out)
    try_to_settle(out)
    if out.is_dir() and any(out.iterdir()) and not (out / kind.record).is_file():
        what = Path(kind.single).suffix.removeprefix(".").upper()
        problem = f"{str(out)!r} is a folder of other files; name a {what} file, for instance"
        raise InputError("--out", f"{problem} {str(out / kind.single)!r}, or a folder of its own.")
    return to_folder(kind, out, out, names, study)


def give(
    compute: Callable[[Any], Outcome],
    target: Target,
    shown: AbstractContextManager[Any] | None = None,
    *,
    quiet: bool = False,
    more: Sequence[str] = (),
) -> None:
    """Compute a result, save it, tell it, print where it is, and end the command with its exit code.

    compute: takes what `shown` yields, which shows its progress; more: sentences to say after its summary.
    """
    with shown or nullcontext() as listeners:
        result = compute(listeners)
    saved = _saved(result, target)
    if not quiet or saved is None:
        summary = result.summary()
        if summary:
            say(summary if target.is_file else f"\n{summary}\n")
    if not quiet:
        for sentence in more:
            say(sentence)
    if saved is not None:
        for path in result.announced(saved):
            print(path)
    how, sentence = result.ending()
    if sentence:
        say(sentence)
    if how == "interrupted":
        raise typer.Exit(INTERRUPTED)
    if how != "whole" or saved != target.path:
        raise typer.Exit(NOT_CONVERGED)


def _saved(result: Outcome, target: Target) -> Path | None:
    """Save a result and return where: in a temporary folder where the target cannot be written, None where nowhere."""
    from nanocrystal.errors import InputError
    from nanocrystal.report.rescue import rescued, sentence_of
    from nanocrystal.stopping import Requests

    with Requests():  # a request to stop ends the command as soon as all is saved
        try:
            target.save(result)
        except InputError as error:
            there = rescued(lambda path: target.at(path).save(result), target.path.name)
            say(f"Error: {sentence_of(target.path, error, there)}")
            return there
    return target.path
