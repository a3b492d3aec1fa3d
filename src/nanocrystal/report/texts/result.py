"""A text that is written for a user to go on with: a study for measured files, a bundled structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from nanocrystal.report.outcome import Outcome

TEXT = "text.json"


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class WrittenText(Outcome):
    """A text that is written for a user to go on with, and what to know of it.

    Parameters
    ----------
    title : str
        Of the text
    version : str
        Of nanocrystal, that made it
    name : str
        What the file is called in a folder
    text : str
        What stands in the file
    said : sequence of str
        What to look at, one sentence each
    """

    kind: ClassVar[str] = "text"
    record: ClassVar[str] = TEXT
    single: ClassVar[str] = "study.toml"

    title: str
    version: str
    name: str
    text: str
    said: Sequence[str] = ()

    def summary(self) -> str:
        """Return what to look at, in lines."""
        return "\n".join(self.said)

    def page(self, script: str | None = None) -> str:
        """Return the text as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.page.rendering import Page, rendered

        return rendered("text.html", Page(self.title, self.version, script), result=self)

    def tables(self) -> Mapping[str, str]:
        """Return the file."""
        return self.as_file(self.name)

    def as_file(self, name: str) -> Mapping[str, str]:
        """Return the text."""
        return {name: self.text}

    def __repr__(self) -> str:
        """Return what a notebook shows."""
        return f"WrittenText({self.title!r}: {self.name}, {len(self.text.splitlines())} lines)"
