"""What every verb gives back: told in words, as a document, as a page, saved in a folder; one way out for all.

A result is a frozen dataclass that extends `Outcome`. It states its `record` (the JSON file that holds it), and says
`summary`, `page` and `tables`; documents, files and the way back (`reading.read_result`) follow from its fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from nanocrystal.report.encoding import decoded, encoded, finite
from nanocrystal.report.files import check_folder, write_texts
from nanocrystal.report.page.rendering import PLOTLY, plotly_text

SCHEMA = 2
"""of the documents; those of version 0.1 have none"""
REPORT = "report.html"
STUDY = "study.toml"


class Outcome:
    """What a verb gives back."""

    title: str
    version: str
    kind: ClassVar[str]
    """what it is, in one word: the key "kind" of its document"""
    record: ClassVar[str]
    """the JSON file that holds it"""

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

    def parts(self) -> Mapping[str, Outcome]:
        """Return results that this one holds and that are saved in folders of their own, by the name of the folder."""
        return {}

    def computed(self) -> Mapping[str, Any]:
        """Return what a document says beside the fields, because it follows from them; reading leaves it out."""
        return {}

    def document(self) -> dict[str, Any]:
        """Return everything as a mapping that JSON can hold; numbers that are not finite are None."""
        return {"schema": SCHEMA, "kind": self.kind, **encoded(self), **finite(dict(self.computed()))}

    def recorded(self) -> dict[str, Any]:
        """Return the document as the record holds it: without what stands in files beside it."""
        return self.document()

    @classmethod
    def restored(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the result of a record and of the files in its folder; raises ValueError, KeyError, OSError."""
        return decoded(cls, document)

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the result that version 0.1 wrote to a folder, as far as it wrote it."""
        raise NotImplementedError

    def files(self, study: str | None = None, *, script: str | None = None) -> dict[str, str]:
        """Return all files: name -> text, the record last; study: text of the study file, kept with the results.

        script: where plotly.js stands from here (`PLOTLY`: beside, it is then among the files), None for pages that
        work alone.
        """
        texts = {REPORT: self.page(script), **self.tables()}
        for name, part in self.parts().items():
            below = None if script is None else f"../{script}"
            texts |= {f"{name}/{file}": text for file, text in part.files(script=below).items()}
        texts |= {} if study is None else {STUDY: study}
        texts |= {PLOTLY: plotly_text()} if script == PLOTLY else {}
        document = self.recorded() | {"files": sorted([*texts, self.record])}
        return {**texts, self.record: json_text(document)}

    def save(self, folder: Path | str, study: str | None = None, *, single_file: bool = False) -> Path:
        """Write report, tables and record to a folder and return the path of the report.

        Everything is written beside the folder first and moved in at the end, the record last; a file that no earlier
        run wrote is never replaced. Where there are several pages they share the script of their figures, which then
        stands beside them; single_file: each holds it itself. study: text of the study file, kept with the results.
        Raises InputError where the folder cannot be written to.
        """
        folder = Path(folder)
        texts = self.files(study, script=PLOTLY if self.parts() and not single_file else None)
        check_folder(folder, list(texts), self.record)
        write_texts(texts, folder)
        return folder / REPORT

    def __eq__(self, other: object) -> bool:
        """Say whether two results are the same in every field, arrays and numbers that are not finite included."""
        return type(self) is type(other) and encoded(self) == encoded(other)

    __hash__ = None  # type: ignore[assignment]


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as the text of a file."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
