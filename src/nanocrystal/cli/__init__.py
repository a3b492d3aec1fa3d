"""The command line: words to calls, no logic."""

from __future__ import annotations


def main() -> None:
    """Run the command `nanocrystal`."""
    from nanocrystal.cli.app import app

    app()
