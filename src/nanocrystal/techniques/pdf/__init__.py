"""The pair distribution function."""

from nanocrystal.techniques.pdf.technique import Pdf

__all__ = ["Pdf"]
