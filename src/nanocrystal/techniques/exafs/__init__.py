"""X-ray absorption fine structure: shells around an absorber."""

from nanocrystal.techniques.exafs.paths import ExafsPath
from nanocrystal.techniques.exafs.technique import Exafs

__all__ = ["Exafs", "ExafsPath"]
