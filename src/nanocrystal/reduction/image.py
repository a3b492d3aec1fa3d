"""From detector images to I(Q): counts over dark, flat field, solid angle, polarisation and monitor, ring by ring.

    settings = ImageSettings(file=("ni.tif",), calibration=("ceo2.poni",), mask="mask.edf", polarization=0.99)
    image = integrated_image(settings)
    image.curve()                                      # I(Q) with σ, as if it were read from a file

What a pixel counts is  counts = monitor × response × I(Q) + dark,  with response = solid angle × polarisation × flat
field, relative to a pixel at the PONI (the point of normal incidence). The intensity of a bin in Q is
Σ (counts − dark) / Σ (monitor × response), over all its pixels in all images: the estimate of least variance for counts
of one intensity. Geometry and integration are pyFAI's: G. Ashiotis et al., J. Appl. Cryst. 48, 510 (2015).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import FloatArray
from nanocrystal.cost import ask_memory
from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.reduction import image_pixels as pixels
from nanocrystal.reduction.image_bins import Cake, Place, bin_edges, binned, cake_of, remarks
from nanocrystal.reduction.image_exposures import Exposure, exposures_of, monitors_of
from nanocrystal.reduction.image_files import digest, image_paths, mean_image, shown_path, single_image
from nanocrystal.reduction.image_geometry import Geometry, geometry, turned
from nanocrystal.reduction.image_pixels import Codes
from nanocrystal.reduction.image_settings import FEWEST_POINTS, ImageSettings, check_numbers
from nanocrystal.reduction.image_views import View, few

__all__ = ["Cake", "ImageSettings", "IntegratedImage", "View", "integrated_image"]

SIGMA_WORDS = {
    "poisson": "σ is that of counting: the variance of a pixel is its counts.",
    "azimuthal": "σ is that of the mean of each ring, from the scatter of its pixels about I(Q).",
    "none": "No σ was calculated.",
}


BYTES_OF_PIXEL, BYTES_OF_PLACE = 180.0, 100.0
"""of a pixel with its place and its corrections, and of the same pixel in each further image"""


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegratedImage:
    """I(Q) of detector images.

    Parameters
    ----------
    q : array (n,)
        Å⁻¹, the mean of the pixels of a bin; its middle where pixels are split
    intensity : array (n,)
        Counts of a pixel at the PONI for a monitor of 1
    sigma : array (n,) or None
        Its standard deviation; None where none was calculated
    wavelength : float
        Å
    used : int
        Pixels
    left_out : mapping of str to int
        Reason -> pixels
    n_frames : int
        Of all images
    monitor : float
        Its sum over the frames
    views : sequence of View
        Pictures of the images
    n_places : int
        Of the detector
    cake : Cake
        Intensity over azimuth and Q
    inputs : mapping of str to str
        File -> SHA-256
    notes : tuple of str
        What to know, one sentence each
    source : str
        The first file, and how many more
    settings : ImageSettings or None
        How they were integrated
    """

    q: FloatArray
    intensity: FloatArray
    sigma: FloatArray | None
    wavelength: float
    used: int
    left_out: Mapping[str, int]
    n_frames: int
    monitor: float
    views: Sequence[View]
    n_places: int
    cake: Cake
    inputs: Mapping[str, str]
    notes: tuple[str, ...]
    source: str = ""
    settings: ImageSettings | None = field(default=None, repr=False)

    @property
    def sigma_words(self) -> str:
        """Where σ come from, a sentence."""
        return SIGMA_WORDS["poisson" if self.settings is None else self.settings.error_model]

    @property
    def two_theta(self) -> FloatArray:
        """2θ of each point, degrees, (n,)."""
        return np.asarray(np.degrees(2.0 * np.arcsin(self.q * self.wavelength / (4.0 * np.pi))))

    def pictured(self) -> IntegratedImage:
        """Return it with a few of the views, as a report shows it."""
        return replace(self, views=few(self.views))

    def facts(self) -> dict[str, Any]:
        """Return what was done to which pixels, as plain data."""
        settings = {} if self.settings is None else asdict(self.settings)
        return {
            "wavelength": self.wavelength,
            "n_points": len(self.q),
            "n_frames": self.n_frames,
            "monitor": self.monitor,
            "pixels_used": self.used,
            "pixels_left_out": dict(self.left_out),
            "settings": {key: value for key, value in settings.items() if value is not None},
            "notes": list(self.notes),
        }

    def curve(self, over: Literal["q", "two_theta"] = "q") -> Curve:
        """Return I(Q), or I(2θ), as if it were read from a file."""
        x = self.q if over == "q" else self.two_theta
        metadata = {"wavelength": f"{self.wavelength:.8g}"}
        sha256 = next(iter(self.inputs.values()), "")
        return Curve(
            x=x,
            y=self.intensity,
            sigma=self.sigma,
            x_name=over,
            y_name="intensity",
            source=self.source,
            sha256=sha256,
            metadata=metadata,
            notes=self.notes,
        )


def integrated_image(settings: ImageSettings, folder: Path | str = ".", where: str = "image") -> IntegratedImage:
    """Return I(Q) of detector images, the mean of each ring.

    Counts over dark are divided by flat field, solid angle, polarisation and monitor.

    Parameters
    ----------
    settings : ImageSettings
        Images, calibration and corrections
    folder : path, optional
        What paths are relative to
    where : str, optional
        The address of the settings, for messages

    Returns
    -------
    IntegratedImage
        Over Q (n,), Å⁻¹, with σ and pictures

    Raises
    ------
    InputError
        For files that cannot be read, and for settings that cannot be meant

    References
    ----------
    G. Ashiotis et al., J. Appl. Cryst. 48, 510 (2015): pyFAI, which integrates; R. Kahn et al., J. Appl. Cryst. 15, 330
    (1982): polarisation.
    """
    folder = Path(folder)
    check_numbers(settings, where)
    paths = image_paths(settings.file, folder, f"{where}.file")
    calibrations = [Path(path) for path in image_paths(settings.calibration, folder, f"{where}.calibration")]
    exposures = exposures_of(paths, len(calibrations), settings, where)
    shape = exposures[0].counts.shape
    size, n = f"{shape[0]} × {shape[1]} pixels", len(exposures)
    needed = float(np.prod(shape)) * (BYTES_OF_PIXEL + BYTES_OF_PLACE * (n - 1))
    ask_memory(f"{where}.file", needed, f"{n} images of {size}" if n > 1 else size, "bin the pixels, or give fewer")
    shared = Shared.of(settings, shape, folder, where)
    frames_seen = sum(e.n_frames for e in exposures)
    monitors = monitors_of(exposures, settings.monitor, where)
    places = [
        _place(exposure, _geometry(k, calibrations, shape, settings, where), shared, monitor, settings, where)
        for k, (exposure, monitor) in enumerate(zip(exposures, monitors, strict=True))
    ]
    _refuse_all_masked(places, settings, where)
    edges = bin_edges(places, settings)
    if settings.outliers is not None:
        for place in places:
            place.mask_outliers(edges, settings.outliers, settings.counts_per_photon)
    rings = binned(places, edges, settings)
    files: list[str | Path] = [*paths, *calibrations, *shared.paths]
    inputs = {shown_path(path, folder): digest(path) for path in files}
    left_out: dict[str, int] = {}
    for place in places:
        for reason, count in pixels.counted(place.codes).items():
            left_out[reason] = left_out.get(reason, 0) + count
    source = next(iter(inputs)) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
    return IntegratedImage(
        q=rings.q,
        intensity=rings.intensity,
        sigma=rings.sigma,
        wavelength=places[0].geometry.wavelength,
        used=sum(int(np.count_nonzero(p.codes == pixels.USED)) for p in places),
        left_out=left_out,
        n_frames=frames_seen,
        monitor=float(sum(monitors)),
        views=[_view(p) for p in places],
        n_places=len(places),
        cake=cake_of(places, edges),
        inputs=inputs,
        source=source,
        settings=settings,
        notes=(*rings.notes, *remarks(places, edges, rings, settings)),
    )


# ---- what all places share ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared:
    """Mask, dark and flat, (n_rows, n_columns) each; dark_variance: of the mean of its n frames, per count."""

    mask: NDArray[np.bool_]
    dark: FloatArray
    dark_variance: FloatArray
    flat: FloatArray
    paths: Sequence[str]

    @classmethod
    def of(cls, settings: ImageSettings, shape: tuple[int, ...], folder: Path, where: str) -> Shared:
        size = (shape[0], shape[1])
        mask, flat = np.zeros(size, dtype=np.bool_), np.ones(size)
        dark, dark_variance = np.zeros(size), np.zeros(size)
        paths: list[str] = []
        if settings.mask is not None:
            path = _one(settings.mask, folder, f"{where}.mask")
            marked = single_image(path, size, "the mask", f"{where}.mask") != 0.0
            mask = marked if settings.mask_marks == "bad" else ~marked
            paths.append(path)
        if settings.dark:
            dark_paths = image_paths(settings.dark, folder, f"{where}.dark")
            mean, count = mean_image(dark_paths, size, "the dark", f"{where}.dark")
            dark = settings.dark_scale * mean
            dark_variance = settings.dark_scale**2 * np.maximum(mean, 0.0) / count
            paths += dark_paths
        if settings.flat is not None:
            path = _one(settings.flat, folder, f"{where}.flat")
            flat = single_image(path, size, "the flat field", f"{where}.flat")
            paths.append(path)
        return cls(mask=mask, dark=dark, dark_variance=dark_variance, flat=flat, paths=paths)


def _one(name: str, folder: Path, where: str) -> str:
    """Return the path of the one file that a name means."""
    paths = image_paths([name], folder, where)
    if len(paths) > 1:
        raise InputError(where, f"{name} means {len(paths)} files; name one.")
    return paths[0]


def _geometry(
    k: int, calibrations: Sequence[Path], shape: tuple[int, ...], settings: ImageSettings, where: str
) -> Geometry:
    """Return the geometry of the k-th exposure."""
    at, beam_at = f"{where}.calibration", where.removesuffix(".image")
    path = calibrations[k if len(calibrations) > 1 else 0]
    calibrated = geometry(path, (shape[0], shape[1]), settings.wavelength, settings.energy, at, beam_at)
    if settings.arm_angles is None:
        return calibrated
    return turned(calibrated, settings.arm_axis, settings.arm_angles[k])


# ---- one place ------------------------------------------------------------


def _place(
    exposure: Exposure, at: Geometry, shared: Shared, monitor: float, settings: ImageSettings, where: str
) -> Place:
    """Return what was counted at one place; raises InputError for counts below 0."""
    codes = _codes(exposure, at, shared, settings)
    _refuse_negative(exposure, codes, settings, where)
    n = exposure.n_frames
    photon = settings.counts_per_photon
    variance = photon * (np.maximum(exposure.counts, 0.0) + n**2 * shared.dark_variance)
    norm = monitor * at.response(settings.solid_angle, settings.polarization) * shared.flat
    return Place(
        name=exposure.shown_name,
        geometry=at,
        signal=exposure.counts - n * shared.dark,
        variance=variance,
        norm=norm,
        codes=codes,
        n_frames=n,
        dark=shared.dark,
    )


def _codes(exposure: Exposure, at: Geometry, shared: Shared, settings: ImageSettings) -> Codes:
    codes = np.full(exposure.counts.shape, pixels.USED, dtype=np.uint8)
    pixels.mark(codes, at.gaps | exposure.gaps, pixels.GAP)
    pixels.mark(codes, shared.mask, pixels.MASKED)
    if settings.beam_stop is not None:
        pixels.mark(codes, at.from_beam() < settings.beam_stop, pixels.BEAM_STOP)
    pixels.mark(codes, exposure.saturated, pixels.SATURATED)
    pixels.mark(codes, exposure.below, pixels.BELOW)
    pixels.mark(codes, ~(np.isfinite(shared.flat) & (shared.flat > 0.0)), pixels.DEAD)
    if settings.azimuth_range is not None:
        pixels.mark(codes, ~pixels.in_sector(at.azimuth, *settings.azimuth_range), pixels.OUTSIDE)
    return codes


def _refuse_negative(exposure: Exposure, codes: Codes, settings: ImageSettings, where: str) -> None:
    if settings.error_model != "poisson":
        return
    negative = (exposure.lowest < 0.0) & (codes == pixels.USED)
    if not negative.any():
        return
    row, column = np.unravel_index(int(np.argmin(np.where(negative, exposure.lowest, 0.0))), negative.shape)
    problem = (
        f"{exposure.name} has negative counts in {int(negative.sum())} pixels that are not masked, the lowest "
        f"{exposure.lowest[row, column]:g} in row {row}, column {column}; raw counts are not negative"
    )
    advice = 'mask them with minimum = 0, or say error_model = "azimuthal" where a dark was subtracted before'
    raise InputError(f"{where}.file", f"{problem}: {advice}.")


def _refuse_all_masked(places: Sequence[Place], settings: ImageSettings, where: str) -> None:
    left = [int(np.count_nonzero(~place.unused)) for place in places]
    if sum(left) >= FEWEST_POINTS:
        return
    reasons = ", ".join(f"{name} {count}" for name, count in pixels.counted(places[0].codes).items())
    hint = ""
    if settings.mask is not None:
        other = "good" if settings.mask_marks == "bad" else "bad"
        hint = f'; if the mask marks the {other} pixels say mask_marks = "{other}"'
    problem = f"{'no' if not sum(left) else f'only {sum(left)}'} pixels are left of {places[0].name} ({reasons}){hint}"
    raise InputError(f"{where}.mask" if settings.mask is not None else where, f"{problem}.")


def _view(place: Place) -> View:
    beam = place.geometry.integrator.getFit2D()
    at = (float(beam["centerX"]), float(beam["centerY"]))
    return View.of(place.name, place.signal / place.n_frames, place.codes, at)
