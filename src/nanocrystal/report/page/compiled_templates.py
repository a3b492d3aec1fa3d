"""Templates as Python compiled them, kept beside them as modules are, where that is possible."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import resources
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(FileSystemBytecodeCache):
    """In the `__pycache__` of the templates; nothing is kept where that cannot be written, or Python is told not to."""

    def __init__(self) -> None:
        folder = Path(str(resources.files("nanocrystal.report.templates"))) / "__pycache__"
        with suppress(OSError):
            if not sys.dont_write_bytecode:
                folder.mkdir(exist_ok=True)
        super().__init__(str(folder), f"%s.{sys.implementation.cache_tag}.jinja")

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            super().dump_bytecode(bucket)
