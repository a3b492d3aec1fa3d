"""What stands above a column: the quantity and the unit that a heading names, in the words of many programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nanocrystal.data import units

_MEANINGS: Mapping[str, str] = {
    "r": "r",
    "q": "q qa qabs momentumtransfer scatteringvector wavevector qvector qvalues qspace momentumtransferq"
    " scatteringvectorq qmodulus |q|",
    "two_theta": "2theta twotheta 2th 2thdeg tth 2thetaangle twothetaangle 2θ angle angles 2t ttheta pos2th"
    " position2theta 2thetadeg °2th °2theta °2θ diffractionangle scatteringangle"
    " angle2theta angle2θ 2thetaposition bragg2theta th2 2thetadegrees",
    "energy": "energy photonenergy xrayenergy",
    "x": "x xaxis",
    "g": "g g(r) gr gobs gofr",
    "f": "f f(q) fq",
    "s": "s s(q) sq sofq",
    "intensity": "i i(q) iq intensity intensities counts count cts cps yobs yobserved iobs observed obs psd signal"
    " i(s) i(2theta) i(2θ) jexp iexp int intens imean intensityobserved totalintensity correctedintensity i(h) icorr"
    " iabs lincounts obsintensity observedintensity rawcounts detector1counts",
    "y": "y y0 yaxis real integral integrals area amplitude",
    "sigma": "sigma error err errors esd std uncertainty dg dg(r) dgr df df(q) ds ds(q) di di(q) dy stddev stdev"
    " stddevi(q) standarddeviation sigmai sigmai(q) sig sig(q) sigi sd ierr erri yerr erry esdi"
    " errori(q) errori idev ydev sigmay e0 esd(i) err(i) sigma(i) uncertainties interror intensityerror stderr"
    " deltai δi δi(q) σ σi σ(i) σi(q) sigmaiq sigmaobs errorintensity erriq std(i) stdi",
    "dq": "dq sigmaq qdev sigq qerr errq qsigma qresolution dx sigma(q) δq σq σ(q) qsd qstd deltaq resolutionq sdq",
    "calculated": "ycalc ycal ycalculated calc calculated icalc ifit fit jreg ireg ymodel model gcalc g(r)calc",
    "difference": "diff difference residual residuals yobsycalc yobsycal obscalc delta diffcurve",
    "background": "bkg backg background ybkg bck bgr bg",
    "weight": "weight weights wt yweight",
    "error of the abscissa": "dr d2theta dtwotheta dtth rerr errr",
    "place in the list": "no nr n index point points # number i#",
    "mean of the abscissa": "meanq qmean",
    "shadow factor": "shadowfactor shadow fs fsub",
}
MEANINGS: Mapping[str, str] = {word: meaning for meaning, words in _MEANINGS.items() for word in words.split()}
"""plain heading -> what it means: the name of a column, or words for what is no part of a curve"""
OTHER_QUANTITIES: Mapping[str, str] = {
    word: meaning
    for meaning, words in {
        "a spacing d": "d dspacing dspacings dvalue latticespacing dhkl",
        "a distance on the detector": "radialdistance radius pixel pixels distance position channel channels bin bins"
        " row column radialdistancemm",
        "an azimuth": "azimuth azimuthalangle azimuthaldegrees azimuthangle chi phi psi",
        "θ, not 2θ": "theta θ thetaangle braggangle omega thetadeg",
        "a wavelength": "wavelength lambda λ",
        "a time": "time timeofflight tof delay delays times seconds",
        "a temperature": "temperature temp",
        "a pressure": "pressure",
        "a wave number": "wavenumber ramanshift",
        "a frequency": "frequency ppm hz chemicalshift shift",
        "a gradient": "gradient gradients",
    }.items()
    for word in words.split()
}
"""plain heading of an abscissa -> what it is, none that techniques here take"""
OTHER_ORDINATES: Mapping[str, str] = {
    word: meaning
    for meaning, words in {
        "D(r)": "d(r)",
        "T(r)": "t(r)",
        "R(r)": "r(r) rdf",
        "a logarithm of the intensity": "logi log(i) ln(i) lni log10i log10(i) logintensity ln(i(q)) log(i(q))",
        "q² I(q)": "q2i q2i(q) i*q2 iq2 kratky",
        "q⁴ I(q)": "q4i q4i(q) i*q4 iq4",
        "a transmission": "transmission transmittance",
        "an absorbance": "absorbance absorption optical density",
        "a reflectivity": "reflectivity reflectance",
    }.items()
    for word in words.split()
}
"""plain heading of an ordinate -> what it is, none that techniques here take"""
SASVIEW: Mapping[str, str] = {"<X>": "q", "<Y>": "intensity", "<dY>": "sigma", "<dX>": "dq"}
"""headings that SasView writes above small-angle data"""
ABSCISSAE = ("r", "q", "two_theta", "energy", "x")
ORDINATES = ("g", "f", "s", "intensity", "y")
LONGEST = 120
"""characters of a heading; what is longer is a sentence"""

_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]\.?$")
_DROPPED = str.maketrans("", "", " \t_-.<>^'\"$\\{}:*")


@dataclass(frozen=True)
class Heading:
    """One heading: its text, what it means ("" where that is not known), and the unit beside it ("" without one)."""

    text: str
    meaning: str = ""
    unit: str = ""

    @property
    def other(self) -> str:
        """What it names, where that is another quantity than any abscissa here."""
        return "" if self.meaning else self._named(OTHER_QUANTITIES)

    @property
    def other_ordinate(self) -> str:
        """What it names, where that is another quantity than any ordinate here."""
        return "" if self.meaning else self._named(OTHER_ORDINATES)

    def _named(self, words: Mapping[str, str]) -> str:
        return words.get(_key(self.text)) or words.get(_key(_split(self.text)[0]), "")

    @property
    def known(self) -> bool:
        return bool(self.meaning or self.other or self.other_ordinate)


def heading(text: str) -> Heading:
    """Return what a heading says; the unit may stand in brackets, behind a sign of division, a comma or a blank."""
    text = text.strip().strip("\"'").strip()
    if text in SASVIEW:
        return Heading(text, SASVIEW[text])
    if len(text) > LONGEST:
        return Heading(text)
    whole = _meaning(text)
    if whole and not _BRACKET.search(text):
        return Heading(text, whole)
    name, unit = _split(text)
    if whole and not units.is_unit(unit):
        return Heading(text, whole)
    meaning = _meaning(name) or (_meaning(unit) if _key(name) in ("", "pos", "position") else "")
    return Heading(text, meaning or _with_a_remark(text), unit)


def is_name(text: str) -> bool:
    """Say whether a text is the name of a quantity that is known, without a unit."""
    return bool(_meaning(text))


def _with_a_remark(text: str) -> str:
    """Return the meaning of 2θ with a remark in brackets, as Bruker has it: 2Theta (Coupled TwoTheta/Theta) WL=1.54."""
    meaning = _meaning(text.partition("(")[0])
    return meaning if meaning == "two_theta" else ""


def _meaning(text: str) -> str:
    return MEANINGS.get(_key(text), "")


def _key(text: str) -> str:
    return text.replace("\\theta", "theta").lower().translate(_DROPPED)


def _split(text: str) -> tuple[str, str]:
    """Return name and unit of a heading."""
    bracket = _BRACKET.search(text)
    if bracket:
        return text[: bracket.start()].rstrip(" _,/"), bracket[1].strip()
    for sign in (" / ", ",", "/", "_", " "):
        name, found, unit = text.partition(sign)
        if found and units.is_unit(unit) and name.strip():
            return name.strip(), unit.strip()
    head, _, last = text.rpartition(" ")
    if head and units.is_unit(last):
        return head.strip(), last
    return text, ""
