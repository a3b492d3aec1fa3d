"""The command line: words to calls, no logic."""

from __future__ import annotations


def main() -> None:
    """Run the command `nanocrystal`."""
    from nanocrystal.stopping import end_at_once, hear_no_more

    end_at_once()
    from nanocrystal.linear_algebra import one_thread_from_now_on

    one_thread_from_now_on()
    from nanocrystal.cli.app import app
    from nanocrystal.cli.streams import printing

    try:
        with printing():
            app()
    finally:
        hear_no_more()
