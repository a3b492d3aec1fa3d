"""The verb `nmr`: an FID or spectrum of any program to ppm, intensity and sigma, and a page to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from nanocrystal.cli import common as verbs

NOT_OF_SPECTRUM = ("path", "out", "quiet")
"""options of the command that are none of how a spectrum is processed"""


@dataclass(frozen=True, kw_only=True)
class NmrOptions:
    """Input, output and processing of `nmr`."""

    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of an experiment, or a file.")]
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE.csv|FOLDER", help="CSV, with the page beside it; or a folder.")
    ] = Path("spectrum.csv")
    lb: Annotated[float, typer.Option("--lb", help="Exponential apodisation, Hz.")] = 0.0
    gb: Annotated[float, typer.Option("--gb", help="Gaussian apodisation, Hz of full width.")] = 0.0
    zero_fill: Annotated[int, typer.Option("--zero-fill", help="Length times this, to a power of two.")] = 2
    phase: Annotated[str, typer.Option("--phase", help="auto, auto0, none, or PH0[,PH1[,PIVOT]] (°, °, ppm).")] = "auto"
    both_signs: Annotated[bool, typer.Option("--both-signs", help="Lines may be upside down, as in DEPT and APT.")] = (
        False
    )
    baseline: Annotated[str, typer.Option("--baseline", help="auto, none, an order from 0 to 8, or arpls.")] = "auto"
    magnitude: Annotated[bool, typer.Option("--magnitude", help="Absolute value instead of the real part.")] = False
    nucleus: Annotated[str, typer.Option("--nucleus", help="Where the file does not say, e.g. 133Cs.")] = ""
    frequency: Annotated[float | None, typer.Option("--frequency", help="MHz, where the file does not say.")] = None
    tms: Annotated[float | None, typer.Option("--tms", help="¹H frequency of TMS in MHz: 0 ppm by Ξ.")] = None
    peak: Annotated[str, typer.Option("--peak", metavar="NEAR=PPM", help="The line near NEAR ppm is at PPM.")] = ""
    window: Annotated[
        str, typer.Option("--window", metavar="LOW:HIGH", help="What the page shows and the CSV holds.")
    ] = ""
    trace: Annotated[int | None, typer.Option("--trace", help="One trace of a series, from 1.")] = None
    regions: Annotated[str, typer.Option("--integrate", metavar="LOW:HIGH,…", help="Integrals of each trace.")] = ""
    indirect: Annotated[str, typer.Option("--list", help="vdlist, vclist, vplist or difflist.")] = ""
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors and paths.")] = False


@verbs.app.command()
@verbs.by_options(NmrOptions)
def nmr(choices: NmrOptions) -> None:
    """Process an NMR measurement: FIDs of Bruker, Varian, JEOL, JCAMP-DX, NMRPipe, SIMPSON, or spectra as text."""
    with verbs.errors(choices.quiet):
        from nanocrystal.report.nmr.result import ProcessedSpectrum
        from nanocrystal.spectra.processing.options import SpectrumOptions, processed

        verbs.check_is_other(choices.out, choices.path)
        target = verbs.to_either(ProcessedSpectrum, choices.out, [ProcessedSpectrum.single])
        options = SpectrumOptions(**{k: v for k, v in vars(choices).items() if k not in NOT_OF_SPECTRUM})
        verbs.give(lambda _: ProcessedSpectrum.of(processed(choices.path, options)), target, quiet=choices.quiet)
