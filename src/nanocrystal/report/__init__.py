"""The HTML reports of a refinement and of a comparison."""

from nanocrystal.report.comparison import comparison_html
from nanocrystal.report.files import write_comparison, write_result
from nanocrystal.report.html import report_html
from nanocrystal.report.numbers import concise, number

__all__ = ["comparison_html", "concise", "number", "report_html", "write_comparison", "write_result"]
