"""The HTML report of a refinement."""

from nanocrystal.report.files import write_result
from nanocrystal.report.html import report_html
from nanocrystal.report.numbers import concise, number

__all__ = ["concise", "number", "report_html", "write_result"]
