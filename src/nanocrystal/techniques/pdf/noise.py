"""The noise of G(r): from σ of F(Q) in a file, or the law that the residuals follow.

The law has the sources that a measurement by counts has, each white in what it is white in:

    σ_F²(Q) = a + b Q² + [c + d I(Q)] Q²/⟨f⟩⁴,

a of F(Q), b of S(Q), c of a background that counts everywhere alike, d of the counts of the sample; I(Q) is that of
the model, electron units per atom. Cov[G(r), G(r′)] is its transform, (2/π)² ∫ σ_F² sin(Qr) sin(Qr′) dQ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.cost import ask_memory
from nanocrystal.data import Curve, read_curve, resolved_path
from nanocrystal.data.supplied import CurveNoise, SuppliedCurve
from nanocrystal.errors import InputError
from nanocrystal.measurement import Compared, Measured
from nanocrystal.measurement.correlated import FittedNoise, likeliest_parts, whitening
from nanocrystal.reduction.noise import SIGMA_OF_SUMS, USUAL_RPOLY, TransformNoise
from nanocrystal.reduction.polynomial import LARGEST_RPOLY, polynomial_basis
from nanocrystal.reduction.spread import Spread
from nanocrystal.techniques.pdf.transform import ToPoints

if TYPE_CHECKING:
    from nanocrystal.techniques.pdf.technique import Pdf

FloatArray = NDArray[np.float64]
LAW = "law"
"""in the place of a file: the covariance is that of the law"""
SPARE = 20
"""more points than parameters, from which on residuals tell a law"""
BYTES_OF_COVARIANCE = 130.0
"""for each pair of points: the parts of a law and what is made of them while it is sought"""
TOLD = 0.005
"""of the variance of G(r): smaller parts are not told"""
PARTS = {
    "white in F(Q)": "a",
    "white in S(Q)": "b",
    "of a background that counts": "c",
    "of the counts of the sample": "d",
}


@dataclass(frozen=True, kw_only=True)
class NoiseLaw:
    """What the law needs of a data set.

    to_points: from F(Q) to G at the points; mean_f: ⟨f⟩, intensity: I(Q), (n_q,).
    """

    to_points: ToPoints
    mean_f: FloatArray
    intensity: FloatArray

    def _variances(self) -> list[FloatArray]:
        """Return σ_F² (n_q,) of each part, up to a factor."""
        q = self.to_points.q
        weak = (q / self.mean_f**2) ** 2
        return [np.ones_like(q), q**2, weak, weak * np.maximum(self.intensity, 0.0)]

    def fitted(self, residual: FloatArray, fitted: FloatArray) -> FittedNoise | None:
        """Return the noise that residuals (n_points,) follow, after curves (n_points, k) were fitted to them."""
        if len(residual) < fitted.shape[1] + SPARE or not residual.any():
            return None
        used = self.to_points.weight > 0.0
        variances = np.array([variance / variance[used].mean() for variance in self._variances()])
        parts = self.to_points.covariances(variances)
        sizes = likeliest_parts(parts, residual, fitted)
        shares = sizes * np.array([np.trace(part) for part in parts])
        covariance = np.tensordot(sizes, parts, axes=1)
        return FittedNoise(covariance, _words(dict(zip(PARTS, shares / shares.sum(), strict=True))))


def _words(shares: Mapping[str, float]) -> str:
    told = [f"{100.0 * share:.0f} % {name}" for name, share in shares.items() if share > TOLD]
    return f"σ_F² = a + b Q² + (c + d I) Q²/⟨f⟩⁴ fitted to the residuals; of the variance of G {', '.join(told)}"


def slow_curves(to_points: ToPoints, header: Mapping[str, str]) -> FloatArray:
    """Return what a correction that takes out what varies slowly in F(Q) may have taken, at the points, (n_points, k).

    header: of G(r), which may say rpoly and qmaxinst.
    """
    q, last = to_points.q, stated_number(header, "qmaxinst")
    beyond = 1.0 if last is None else max(1.0, last / float(q[-1]))
    basis, _ = polynomial_basis(q, stated_rpoly(header) * beyond)
    return to_points(basis.T).T


def stated_rpoly(header: Mapping[str, str]) -> float:
    """Return rpoly (Å) of a header, the usual one where it does not say any."""
    rpoly = stated_number(header, "rpoly")
    return rpoly if rpoly is not None and 0.0 <= rpoly <= LARGEST_RPOLY else USUAL_RPOLY


def stated_number(header: Mapping[str, str], key: str) -> float | None:
    """Return a number of a header, None where it does not say one."""
    try:
        number = float(header[key])
    except (KeyError, ValueError):
        return None
    return number if np.isfinite(number) else None


# ---- known noise ------------------------------------------------------------------------------------


def with_noise(
    settings: Pdf, compared: Compared, qmax: float, where: str, folder: Path
) -> tuple[Measured, dict[str, str]]:
    """Return the points with what is known of how their noise is correlated, and file -> SHA-256 of where that is from.

    Raises InputError for what does not go together, and for a file that does not say it.
    """
    measured, supplied = compared.measured, None
    if measured.observed is not None:
        n = len(measured.x)
        ask_memory(where, BYTES_OF_COVARIANCE * n**2, f"covariances of {n} points", "make the range of r shorter")
    if isinstance(settings.file, SuppliedCurve):
        supplied = settings.file.noise()
    if settings.covariance is None:
        if supplied is not None and settings.weights in ("sigma", None) and settings.noise_range is None:
            return correlated(measured, supplied, "the reduction"), {}
        return replace(measured, notes=(*measured.notes, *_beside(settings, compared, folder))), {}
    at = f"{where}.covariance"
    beside = {
        "noise_range": settings.noise_range is not None,
        f'weights = "{settings.weights}"': settings.weights not in ("sigma", None),
        'weights = "sigma"': settings.weights == "sigma" and settings.covariance == LAW,
        "reduction, which hands on its own": supplied is not None and settings.covariance != LAW,
    }
    for other, there in beside.items():
        if there:
            raise InputError(at, f"stands beside {other}; use one of the two.")
    if settings.covariance == LAW:
        notes = () if measured.sigma is None else ("the σ of the points does not count: the noise law does.",)
        words = "the noise law that the residuals follow"
        return replace(measured, sigma=None, weights=words, notes=(*measured.notes, *notes)), {}
    noise, curve = noise_of_file(settings.covariance, qmax, at, folder)
    return correlated(measured, noise, Path(str(settings.covariance)).name), {str(settings.covariance): curve.sha256}


def correlated(measured: Measured, noise: CurveNoise, source: str) -> Measured:
    """Return points weighed by the covariance of their noise; source: where that is from, in words."""
    covariance = noise.covariance(measured.x)
    whitened = whitening(covariance, noise.open_curves(measured.x))
    note = (
        f"the noise of the points is correlated as {source} says; {len(measured.x) - len(whitened)} combinations of "
        "them, of what lies below the first Q or varies slowly in F(Q), do not count."
    )
    return replace(
        measured,
        sigma=np.sqrt(np.diag(covariance)) if measured.sigma is None else measured.sigma,
        whitening=whitened,
        weights=f"1/σ² of independent combinations of points, by the covariance of {source}",
        notes=(*measured.notes, note),
    )


def _beside(settings: Pdf, compared: Compared, folder: Path) -> tuple[str, ...]:
    """Return a note where a G(r) of `nanocrystal reduce` has its F(Q) beside it, and nothing is said of that."""
    curve = compared.curve
    if curve is None or curve.sigma is None or isinstance(settings.file, SuppliedCurve):
        return ()
    other = Path(str(settings.file)).with_suffix(".fq")
    if not curve.metadata.get("version", "").startswith("nanocrystal-") or not (folder / other).is_file():
        return ()
    return (f'covariance = "{other.as_posix()}" would weigh the points by how their noise is correlated, too.',)


def noise_of_file(file: str | Path, qmax: float, where: str, folder: Path) -> tuple[TransformNoise, Curve]:
    """Return the noise of a G(r) from a file of its F(Q) with σ, as `nanocrystal reduce` writes one, and its curve.

    Raises InputError for a file that does not say it.
    """
    curve = read_curve(resolved_path(str(file), folder, where), where=where)
    name = Path(str(file)).name
    if (curve.x_name, curve.y_name) != ("q", "f"):
        problem = f"needs F(Q) with σ, such as the .fq of nanocrystal reduce, but {name} has {curve.y_name} over"
        raise InputError(where, f"{problem} {curve.x_name}.")
    if curve.sigma is None:
        raise InputError(where, f'{name} has no σ of F(Q); say covariance = "law" to find the noise by the residuals.')
    header, up_to = curve.metadata, curve.stated.qmax
    if up_to is not None and abs(up_to - qmax) > 1e-3 * qmax:
        problem = f"was transformed up to {up_to:g} Å⁻¹, the data set up to {qmax:g}"
        raise InputError(where, f"{name} {problem}; name the file of the same reduction.")
    if curve.x[-1] < qmax - 1.000001 * (curve.x[-1] - curve.x[-2]):
        raise InputError(where, f"{name} ends at {curve.x[-1]:g} Å⁻¹, below qmax = {qmax:g} of the data set.")
    noise = TransformNoise(
        q=curve.x,
        spread=Spread.of_counts(curve.sigma * (stated_number(header, SIGMA_OF_SUMS) or 1.0)),
        qmin=curve.stated.qmin or 0.0,
        qmax=min(qmax, float(curve.x[-1])),
        window=header.get("window", "none"),
        rpoly=stated_rpoly(header),
    )
    return noise, curve
