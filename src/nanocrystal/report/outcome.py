"""What every verb gives back: told in words, as a document, as a page, saved in a folder; one way out for all.

A result is a frozen dataclass that extends `Outcome`. It states its `record` (the JSON file that holds it), and says
`summary`, `page` and `tables`; documents, files and the way back (`reading.read_result`) follow from its fields.
Some may be written to a file alone instead, such as a CSV: those state `single` and say `as_file`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from nanocrystal.errors import InputError
from nanocrystal.filenames import check_files, check_target
from nanocrystal.report.encoding import PlainData, decoded, document_schema, encoded, finite, laid_over
from nanocrystal.report.files import check_beside, check_file, check_folder, files_there, names_file
from nanocrystal.report.page.rendering import PLOTLY, plotly_text
from nanocrystal.report.rescue import cannot_write
from nanocrystal.report.together import write_together

SCHEMA = 2
"""of the documents; those of version 0.1 have none"""
NOT_IN_DIGEST = ("elapsed_s", "files", "digest")
"""keys of documents that say how long it took, and where it is, rather than what was found"""
REPORT = "report.html"
STUDY = "study.toml"
Ending = Literal["whole", "incomplete", "interrupted"]
"""how what was computed ended: as it was meant, short of it, or stopped by the user"""


class Outcome(PlainData):
    """What a verb gives back."""

    title: str
    """what stands above the report"""
    version: str
    """of nanocrystal, that made it"""
    kind: ClassVar[str]
    """what it is, in one word: the key "kind" of its document"""
    record: ClassVar[str]
    """the JSON file that holds it"""
    single: ClassVar[str] = ""
    """the table of the folder that may be written alone, where a file is named instead of a folder; "": none may"""
    replaces: ClassVar[tuple[str, ...]] = ()
    """how a file begins that such a table may replace: as one of these, which an earlier run wrote"""

    def summary(self) -> str:
        """Return what is to know in a few lines, as the terminal shows it."""
        raise NotImplementedError

    def page(self, script: str | None = None) -> str:
        """Return the report as an HTML page.

        script: address of plotly.js for figures; None for a page that works alone.
        """
        raise NotImplementedError

    def tables(self) -> Mapping[str, str]:
        """Return the files that stand beside the report: name -> text."""
        return {}

    @classmethod
    def check_name(cls, file: Path) -> None:
        """Raise InputError where no file of this name can be written alone."""

    def as_file(self, name: str) -> Mapping[str, str]:
        """Return what is written where a file is named instead of a folder: name -> text, of files beside it, too."""
        raise NotImplementedError

    def ending(self) -> tuple[Ending, str]:
        """Return how what was computed ended, and a sentence on it where there is more to say."""
        return "whole", ""

    def announced(self, target: Path) -> list[Path]:
        """Return the files that a user opens first, of those saved to a folder or file."""
        return [target] if target.is_file() else [target / REPORT]

    def parts(self) -> Mapping[str, Outcome]:
        """Return results that this one holds and that are saved in folders of their own, by the name of the folder."""
        return {}

    def aside(self, folder: Path) -> tuple[Mapping[str, Path], Collection[str]]:
        """Return files of it that were written already, name -> where they stand, and names that are removed for it."""
        return {}, ()

    def saved(self, folder: Path) -> None:
        """Do what is to be done in a folder once all files are in their places."""

    def computed(self) -> Mapping[str, Any]:
        """Return what a document says beside the fields, because it follows from them; reading leaves it out.

        Mappings in it are laid over those that the fields are written as.
        """
        return {}

    def document(self) -> dict[str, Any]:
        """Return everything as a mapping that JSON can hold; numbers that are not finite are None."""
        return {"schema": SCHEMA, "kind": self.kind, **laid_over(encoded(self), finite(dict(self.computed())))}

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of its documents."""
        return document_schema(cls, {"schema": {"const": SCHEMA}, "kind": {"const": cls.kind}})

    def recorded(self) -> dict[str, Any]:
        """Return the document as the record holds it: without what stands in files beside it."""
        return self.document()

    @classmethod
    def restored(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the result of a record and of the files in its folder; raises ValueError, KeyError, OSError."""
        return decoded(cls, document)

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the result that version 0.1 wrote to a folder, as far as it did; raises ValueError as `restored`."""
        raise ValueError("version 0.1 wrote none of this kind")

    def files(
        self,
        study: str | None = None,
        *,
        script: str | None = None,
        has_pages: bool = True,
        beside: Collection[str] = (),
    ) -> dict[str, str]:
        """Return all files: name -> text, the record last; study: text of the study file, kept with the results.

        script: where plotly.js stands from here (`PLOTLY`: beside, it is then among the files), None for pages that
        work alone; has_pages: whether there are pages; beside: further files that the record lists as ours.
        """
        texts = {REPORT: self.page(script)} if has_pages else {}
        texts |= self.tables()
        for name, part in self.parts().items():
            below = None if script is None else f"../{script}"
            texts_of_part = part.files(script=below, has_pages=has_pages)
            texts |= {f"{name}/{file}": text for file, text in texts_of_part.items()}
        texts |= {} if study is None else {STUDY: study}
        texts |= {PLOTLY: plotly_text()} if script == PLOTLY and has_pages else {}
        document = self.recorded()
        last = {"digest": digest_of(document), "files": sorted({*texts, self.record, *beside})}
        return {**texts, self.record: json_text(document | last)}

    def save(self, folder: Path | str, study: str | None = None, *, single_file: bool = False) -> Path:
        """Write report, tables and record to a folder and return the path of the report.

        Where the result may be a file alone (`single`) and a name with a suffix is given, such as iq.csv, that file is
        written instead, and its path returned; see `save_file`.

        Everything is written beside the folder first: wherever the process ends, the folder holds the old result or
        the new one. A file that no earlier run wrote is never replaced. Where there are several pages they share the
        script of their figures, which then stands beside them; single_file: each holds it itself. study: text of the
        study file, kept with the results.
        Raises InputError where the folder holds other files or cannot be written to; what was there is there then.
        """
        folder = Path(folder)
        if self.single and names_file(folder):
            return self.save_file(folder)
        script = PLOTLY if self.parts() and not single_file else None

        moved, removed = self.aside(folder)

        def all_files() -> dict[str, str | Path]:
            earlier = files_there(folder, self.record) - set(removed)
            texts = self.files(study, script=script, beside={*earlier, *moved})
            check_folder(folder, [*moved, *texts], self.record)
            check_files([*moved, *texts])
            return {**moved, **texts}

        try:
            check_target(folder)
            check_folder(folder, [], self.record)
            write_together(all_files, folder, removed)
        except InputError as error:
            raise InputError(str(folder), error.problem) from None
        except OSError as error:
            raise cannot_write(folder, error) from error
        self.saved(folder)
        return folder / REPORT

    def save_file(self, file: Path | str) -> Path:
        """Write what the result is about to a file alone, and return its path; raises InputError where it cannot."""
        file = Path(file)

        def texts() -> Mapping[str, str]:
            made = self.as_file(file.name)
            check_file(file, self.replaces)
            for name, text in made.items():
                if name != file.name:
                    check_beside(file.with_name(name), text)
            return made

        try:
            check_target(file)
            write_together(texts, file.absolute().parent)
        except OSError as error:
            raise cannot_write(file, error) from error
        return file


def digest_of(document: Any) -> str:
    """Return the SHA-256 of a document but for its times: the same for the same result."""
    text = json.dumps(_without_times(document), sort_keys=True, ensure_ascii=True, allow_nan=False)
    return sha256(text.encode()).hexdigest()


def _without_times(document: Any) -> Any:
    if isinstance(document, dict):
        return {k: _without_times(v) for k, v in document.items() if k not in NOT_IN_DIGEST}
    return [_without_times(v) for v in document] if isinstance(document, list) else document


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as the text of a file."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
