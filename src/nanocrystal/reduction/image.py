"""From detector images to I(Q): counts over dark, flat field, solid angle, polarisation and monitor, ring by ring.

    settings = ImageSettings(file=("ni.tif",), calibration=("ceo2.poni",), mask="mask.edf", polarization=0.99)
    found = integrated_image(settings)
    found.curve()                                      # I(Q) with σ, as if it were read from a file

What a pixel counts is  counts = monitor × response × I(Q) + dark,  with response = solid angle × polarisation × flat
field, relative to a pixel at the PONI (the point of normal incidence). The intensity of a bin in Q is
Σ (counts − dark) / Σ (monitor × response), over all its pixels in all images: the estimate of least variance for counts
of one intensity. Geometry and integration are pyFAI's: G. Ashiotis et al., J. Appl. Cryst. 48, 510 (2015).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.reduction import image_pixels as pixels
from nanocrystal.reduction.image_files import (
    Frame,
    digest,
    frames,
    image_paths,
    mean_image,
    shown_path,
    single_image,
    size_of,
)
from nanocrystal.reduction.image_geometry import ArmAxis, Geometry, geometry, turned
from nanocrystal.reduction.image_pixels import Codes

FloatArray = NDArray[np.float64]
Splitting = Literal["none", "bbox", "full"]
ErrorModel = Literal["poisson", "azimuthal", "none"]
METHODS = {
    "none": ("no", "histogram", "cython"),
    "bbox": ("bbox", "csr", "cython"),
    "full": ("full", "csr", "cython"),
}
"""splitting -> pyFAI's method"""
SIGMA_WORDS = {
    "poisson": "σ is that of counting: the variance of a pixel is its counts.",
    "azimuthal": "σ is that of the mean of each ring, from the scatter of its pixels about I(Q).",
    "none": "No σ was calculated.",
}
NO_DUMMY = -1e30
"""no pixel is left out by its value here: pyFAI would do so for some detectors"""
MARKERS = (-1, -2)
"""what photon counters write into gaps and bad pixels of an image of integers"""
CAKE_Q, CAKE_AZIMUTH = 400, 180
"""bins of the cake"""
FEWEST_POINTS, MOST_POINTS = 20, 100_000
DEAD_RING = 25.0
"""counts; a pixel that reads 0 in a ring of more is dead"""


@dataclass(frozen=True)
class ImageSettings:
    """How images become I(Q); see docs/images.md. Paths are relative to the folder given to `integrated_image`.

    file: images, their frames are added up; calibration: one .poni, or one for each file.
    mask_marks: whether what is not 0 in the mask is bad (as pyFAI and Fit2D have it) or good.
    dark: exposures without beam, times dark_scale; flat: sensitivity of the pixels, used as it stands.
    monitor: one number for each frame or file, one for all frames, or the key of the header that holds it.
    polarization: degree P within ±1, 1 for horizontal. saturation: counts at and above are masked [the largest number
    of an image of integers]; minimum: counts below are masked. beam_stop: radius round the direct beam, pixels.
    azimuth_range: degrees, [170, 190] is one sector. n_points [one a pixel]. counts_per_photon: of a detector that does
    not count photons one by one. outliers: how many σ off its ring a pixel is masked. arm_angles: degrees, one for each
    file, by which the arm was turned about arm_axis since the calibration. wavelength: Å; energy: eV.
    """

    file: Sequence[str]
    calibration: Sequence[str]
    mask: str | None = None
    mask_marks: Literal["bad", "good"] = "bad"
    dark: Sequence[str] = ()
    dark_scale: float = 1.0
    flat: str | None = None
    monitor: float | str | Sequence[float] | None = None
    polarization: float | None = None
    solid_angle: bool = True
    saturation: float | None = None
    minimum: float | None = None
    beam_stop: float | None = None
    azimuth_range: tuple[float, float] | None = None
    n_points: int | None = None
    splitting: Splitting = "none"
    error_model: ErrorModel = "poisson"
    counts_per_photon: float = 1.0
    outliers: float | None = None
    arm_axis: ArmAxis = "vertical"
    arm_angles: Sequence[float] | None = None
    wavelength: float | None = None
    energy: float | None = None


@dataclass(frozen=True, eq=False)
class View:
    """What a report shows of the images at one place of the detector.

    counts: the mean of a frame without dark, (n_rows, n_columns); codes: of `image_pixels`, 0 where a pixel is used;
    beam: the direct beam, (column, row), in pixels from the corner.
    """

    name: str
    counts: FloatArray
    codes: Codes
    beam: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Cake:
    """Intensity over azimuth and Q: intensity (n_azimuth, n_q), NaN without pixels; q Å⁻¹; azimuth degrees."""

    q: FloatArray
    azimuth: FloatArray
    intensity: FloatArray


@dataclass(frozen=True, eq=False)
class IntegratedImage:
    """I(Q) of images: q (n,) Å⁻¹, intensity (n,), sigma (n,) or None.

    q is the mean of the pixels of a bin; its middle where pixels are split.
    wavelength: Å; used: pixels; left_out: pixels by reason; n_frames; monitor: the sum over them; views, cake: to look
    at; inputs: file -> SHA-256; notes: what a reader should know.
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
        return Curve(x, self.intensity, self.sigma, over, "intensity", self.source, sha256, metadata, self.notes)


def integrated_image(settings: ImageSettings, folder: Path | str = ".", where: str = "image") -> IntegratedImage:
    """Return I(Q) of images.

    where: the address of the settings, for messages. Raises InputError for what cannot be read or meant.
    """
    folder = Path(folder)
    _check_numbers(settings, where)
    paths = image_paths(settings.file, folder, f"{where}.file")
    calibrations = [Path(path) for path in image_paths(settings.calibration, folder, f"{where}.calibration")]
    exposures = _exposures(paths, len(calibrations), settings, where)
    shape = exposures[0].counts.shape
    shared = _Shared.of(settings, shape, folder, where)
    frames_seen = sum(e.n_frames for e in exposures)
    monitors = _monitors(exposures, settings.monitor, where)
    notes: list[str] = []
    places = [
        _place(exposure, _geometry(k, calibrations, shape, settings, where), shared, monitor, settings, notes, where)
        for k, (exposure, monitor) in enumerate(zip(exposures, monitors, strict=True))
    ]
    _refuse_all_masked(places, settings, where)
    edges = _edges(places, settings)
    if settings.outliers is not None:
        for place in places:
            place.mask_outliers(edges, settings.outliers, settings.counts_per_photon)
    found = _integrated(places, edges, settings)
    files: list[str | Path] = [*paths, *calibrations, *shared.paths]
    inputs = {shown_path(path, folder): digest(path) for path in files}
    left_out: dict[str, int] = {}
    for place in places:
        for reason, count in pixels.counted(place.codes).items():
            left_out[reason] = left_out.get(reason, 0) + count
    source = next(iter(inputs)) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
    return IntegratedImage(
        found.q, found.intensity, found.sigma, places[0].geometry.wavelength,
        used=sum(int(np.count_nonzero(p.codes == pixels.USED)) for p in places), left_out=left_out,
        n_frames=frames_seen, monitor=float(sum(monitors)), views=[p.view() for p in places],
        cake=_cake(places, edges), inputs=inputs, source=source, settings=settings,
        notes=(*notes, *found.notes, *_remarks(places, edges, found, settings)),
    )  # fmt: skip


# ---- settings ---------------------------------------------------------------------------------------


def _check_numbers(settings: ImageSettings, where: str) -> None:
    """Raise InputError for settings that cannot be meant."""
    if not settings.calibration:
        problem = "is missing; name the .poni file of the detector, such as one made with pyFAI-calib2"
        raise InputError(f"{where}.calibration", f"{problem}.")
    if settings.polarization is not None and not -1.0 <= settings.polarization <= 1.0:
        problem = "is the degree P of polarisation, 1 horizontal, −1 vertical, 0 none, and lies within ±1"
        raise InputError(f"{where}.polarization", f"{problem}; got {settings.polarization:g}.")
    for key in ("dark_scale", "saturation", "beam_stop", "counts_per_photon", "outliers"):
        value = getattr(settings, key)
        if value is not None and not value > 0.0:
            raise InputError(f"{where}.{key}", f"must be above 0, got {value:g}.")
    n = settings.n_points
    if n is not None and not FEWEST_POINTS <= n <= MOST_POINTS:
        raise InputError(f"{where}.n_points", f"must lie within {FEWEST_POINTS} and {MOST_POINTS}, got {n}.")
    if settings.azimuth_range is not None:
        low, high = settings.azimuth_range
        if not 0.0 < high - low <= 360.0:
            problem = f"needs low < high and at most 360° between them, got [{low:g}, {high:g}]"
            raise InputError(f"{where}.azimuth_range", f"{problem}; a sector across ±180° is [170, 190].")


# ---- exposures: the frames at one place of the detector --------------------------------------------------


@dataclass(eq=False)
class _Exposure:
    """The sum of the frames at one place; saturated, below, gaps: pixels where one of them was so.

    headers: of each frame; files: frames in each file.
    """

    name: str
    counts: FloatArray
    saturated: NDArray[np.bool_]
    below: NDArray[np.bool_]
    gaps: NDArray[np.bool_]
    headers: list[Mapping[str, str]]
    files: list[int]

    @property
    def n_frames(self) -> int:
        return len(self.headers)

    @property
    def shown_name(self) -> str:
        return self.name + (f" and {len(self.files) - 1} more" if len(self.files) > 1 else "")

    @classmethod
    def empty(cls, name: str, shape: tuple[int, int]) -> _Exposure:
        saturated, below, gaps = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
        return cls(name, np.zeros(shape), saturated, below, gaps, [], [])

    def add(self, frame: Frame, settings: ImageSettings) -> None:
        """Add a frame."""
        counts = frame.counts
        whole = counts.dtype.kind in "iu"
        limit = settings.saturation
        if limit is None:
            limit = float(np.iinfo(counts.dtype).max) if whole else np.inf
        gaps = ~np.isfinite(counts)
        if counts.dtype.kind == "i":
            gaps |= np.isin(counts, MARKERS)
        values = np.where(gaps, 0.0, counts)
        self.gaps |= gaps
        self.saturated |= values >= limit
        if settings.minimum is not None:
            self.below |= (values < settings.minimum) & ~gaps
        self.counts += values
        self.headers.append(frame.header)


def _exposures(paths: Sequence[str], n_calibrations: int, settings: ImageSettings, where: str) -> list[_Exposure]:
    """Return the exposures: one for each file where the detector moved between them, else one."""
    angles = settings.arm_angles
    if n_calibrations > 1 and n_calibrations != len(paths):
        problem = f"names {n_calibrations} files for {len(paths)} images; give one for all, or one for each"
        raise InputError(f"{where}.calibration", f"{problem}.")
    if angles is not None and (n_calibrations > 1 or len(angles) != len(paths)):
        problem = f"has {len(angles)} angles for {len(paths)} images; give one for each, with one calibration"
        raise InputError(f"{where}.arm_angles", f"{problem}.")
    moved = n_calibrations > 1 or angles is not None
    exposures: list[_Exposure] = []
    shape: tuple[int, int] | None = None
    for path in paths:
        before = sum(e.n_frames for e in exposures)
        for k, frame in enumerate(frames(path, f"{where}.file")):
            if shape is None:
                shape = (frame.counts.shape[0], frame.counts.shape[1])
            if frame.counts.shape != shape:
                problem = f"{frame.name} has {size_of(frame.counts.shape)} pixels, but those before {size_of(shape)}"
                raise InputError(f"{where}.file", f"{problem}; images of one set have one size.")
            if not exposures or (moved and k == 0):
                exposures.append(_Exposure.empty(frame.name, shape))
            exposures[-1].add(frame, settings)
        exposures[-1].files.append(sum(e.n_frames for e in exposures) - before)
    return exposures


def _monitors(exposures: Sequence[_Exposure], monitor: Any, where: str) -> list[float]:
    """Return the monitor counts of each exposure, the number of its frames where there is no monitor."""
    at = f"{where}.monitor"
    n_frames = [e.n_frames for e in exposures]
    if monitor is None:
        return [float(n) for n in n_frames]
    if isinstance(monitor, str):
        each = [[_of_header(h, monitor, e.name, at) for h in e.headers] for e in exposures]
        return [sum(values) for values in each]
    if isinstance(monitor, int | float):
        monitor = [float(monitor)] * sum(n_frames)
    for value in monitor:
        if not 0.0 < value < np.inf:
            raise InputError(at, f"counts must be above 0, got {value:g}.")
    n_files = [len(e.files) for e in exposures]
    for sizes in (n_frames, n_files):
        if len(monitor) == sum(sizes):
            ends = np.cumsum(sizes)
            return [float(sum(monitor[end - size : end])) for end, size in zip(ends, sizes, strict=True)]
    problem = f"has {len(monitor)} numbers for {sum(n_frames)} frames in {sum(n_files)} files"
    raise InputError(at, f"{problem}; give one for each frame or file, or one for all frames.")


def _of_header(header: Mapping[str, str], key: str, name: str, at: str) -> float:
    known = {k.lower(): v for k, v in header.items()}
    if key.lower() not in known:
        shown = ", ".join(sorted(header)[:20]) or "none"
        raise InputError(at, f"the header of {name} has no key {key!r}; it has {shown}.")
    try:
        value = float(known[key.lower()].split()[0])
    except (ValueError, IndexError):
        raise InputError(at, f"{key} in the header of {name} is no number: {known[key.lower()]!r}.") from None
    if not 0.0 < value < np.inf:
        raise InputError(at, f"{key} in the header of {name} must be above 0, got {value:g}.")
    return value


# ---- what all places share ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Shared:
    """Mask, dark and flat, (n_rows, n_columns) each; dark_variance: of the mean of its n frames, per count."""

    mask: NDArray[np.bool_]
    dark: FloatArray
    dark_variance: FloatArray
    flat: FloatArray
    paths: Sequence[str]

    @classmethod
    def of(cls, settings: ImageSettings, shape: tuple[int, ...], folder: Path, where: str) -> _Shared:
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
            found = image_paths(settings.dark, folder, f"{where}.dark")
            mean, count = mean_image(found, size, "the dark", f"{where}.dark")
            dark = settings.dark_scale * mean
            dark_variance = settings.dark_scale**2 * np.maximum(mean, 0.0) / count
            paths += found
        if settings.flat is not None:
            path = _one(settings.flat, folder, f"{where}.flat")
            flat = single_image(path, size, "the flat field", f"{where}.flat")
            paths.append(path)
        return cls(mask, dark, dark_variance, flat, paths)


def _one(name: str, folder: Path, where: str) -> str:
    """Return the path of the one file that a name means."""
    found = image_paths([name], folder, where)
    if len(found) > 1:
        raise InputError(where, f"{name} means {len(found)} files; name one.")
    return found[0]


def _geometry(
    k: int, calibrations: Sequence[Path], shape: tuple[int, ...], settings: ImageSettings, where: str
) -> Geometry:
    """Return the geometry of the k-th exposure."""
    at, beam_at = f"{where}.calibration", where.removesuffix(".image")
    path = calibrations[k if len(calibrations) > 1 else 0]
    found = geometry(path, (shape[0], shape[1]), settings.wavelength, settings.energy, at, beam_at)
    if settings.arm_angles is None:
        return found
    return turned(found, settings.arm_axis, settings.arm_angles[k])


# ---- one place ----------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Place:
    """The detector at one place: signal without dark, its variance, response times monitor, codes of the pixels.

    All (n_rows, n_columns); norm: what a pixel counts of intensity 1; variance: by counting.
    """

    name: str
    geometry: Geometry
    signal: FloatArray
    variance: FloatArray
    norm: FloatArray
    codes: Codes
    n_frames: int
    dark: FloatArray

    @property
    def unused(self) -> NDArray[np.bool_]:
        return np.asarray(self.codes != pixels.USED)

    def mask_outliers(self, edges: FloatArray, threshold: float, counts_per_photon: float) -> None:
        kept = ~self.unused
        of_one = np.full(int(kept.sum()), counts_per_photon)
        off = np.zeros(kept.shape, dtype=np.bool_)
        off[kept] = pixels.outliers(self.signal[kept], self.norm[kept], of_one, self.geometry.q[kept], edges, threshold)
        pixels.mark(self.codes, off, pixels.OUTLIER)

    def view(self) -> View:
        beam = self.geometry.integrator.getFit2D()
        return View(
            self.name, self.signal / self.n_frames, self.codes, (float(beam["centerX"]), float(beam["centerY"]))
        )


def _place(
    exposure: _Exposure, at: Geometry, shared: _Shared, monitor: float, settings: ImageSettings, notes: list[str],
    where: str,
) -> _Place:  # fmt: skip
    codes = _codes(exposure, at, shared, settings)
    _refuse_negative(exposure, codes, settings, where)
    n = exposure.n_frames
    photon = settings.counts_per_photon
    variance = photon * (np.maximum(exposure.counts, 0.0) + n**2 * shared.dark_variance)
    norm = monitor * at.response(settings.solid_angle, settings.polarization) * shared.flat
    return _Place(exposure.shown_name, at, exposure.counts - n * shared.dark, variance, norm, codes, n, shared.dark)


def _codes(exposure: _Exposure, at: Geometry, shared: _Shared, settings: ImageSettings) -> Codes:
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


def _refuse_negative(exposure: _Exposure, codes: Codes, settings: ImageSettings, where: str) -> None:
    if settings.error_model != "poisson":
        return
    negative = (exposure.counts < 0.0) & (codes == pixels.USED)
    if not negative.any():
        return
    row, column = np.unravel_index(int(np.argmin(np.where(negative, exposure.counts, 0.0))), negative.shape)
    problem = (
        f"{exposure.name} has negative counts in {int(negative.sum())} pixels that are not masked, the lowest "
        f"{exposure.counts[row, column]:g} in row {row}, column {column}; raw counts are not negative"
    )
    advice = 'mask them with minimum = 0, or say error_model = "azimuthal" where a dark was subtracted before'
    raise InputError(f"{where}.file", f"{problem}: {advice}.")


def _refuse_all_masked(places: Sequence[_Place], settings: ImageSettings, where: str) -> None:
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


# ---- integration --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Found:
    q: FloatArray
    intensity: FloatArray
    sigma: FloatArray | None
    notes: tuple[str, ...]


def _edges(places: Sequence[_Place], settings: ImageSettings) -> FloatArray:
    """Return the edges of the bins in Q, (n + 1,): all used pixels are inside."""
    ends = [(p.geometry.q[~p.unused].min(), p.geometry.q[~p.unused].max()) for p in places if not p.unused.all()]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    n = settings.n_points
    if n is None:
        step = min(p.geometry.pixel_step() for p in places)
        n = int(np.clip(np.ceil((high - low) / step), FEWEST_POINTS, MOST_POINTS))
    return np.linspace(low, high * (1.0 + 1e-6), n + 1)


def _integrated(places: Sequence[_Place], edges: FloatArray, settings: ImageSettings) -> _Found:
    """Return the intensity of the bins that hold pixels."""
    method = METHODS[settings.splitting]
    sums = sum((_sums(p, edges, method) for p in places), start=np.zeros((4, len(edges) - 1)))
    filled = sums[0] > 0.0
    norm, signal, variance, q_sum = sums[:, filled]
    q = q_sum / norm if settings.splitting == "none" else (0.5 * (edges[1:] + edges[:-1]))[filled]
    intensity = signal / norm
    notes = []
    if empty := int(np.count_nonzero(~filled)):
        notes.append(f"{empty} of {len(filled)} bins in Q hold no pixel and are left out.")
    if settings.splitting != "none":
        notes.append("Pixels are split between bins: neighbouring points are correlated, which their σ do not say.")
    if settings.error_model == "none":
        return _Found(q, intensity, None, tuple(notes))
    if settings.error_model == "azimuthal":
        variance = _scatter(places, edges, q, intensity, method)[filled]
        alone = ~(variance > 0.0)
        variance[alone] = np.max(variance[~alone], initial=0.0)
    else:
        variance = np.maximum(variance, settings.counts_per_photon**2)  # nothing counted: as if one photon was
    return _Found(q, intensity, np.sqrt(variance) / norm, tuple(notes))


def _sums(place: _Place, edges: FloatArray, method: tuple[str, str, str]) -> FloatArray:
    """Return sums over the pixels of each bin, (4, n): norm, signal, variance, q × norm."""
    first = _one_pass(place, place.signal, place.variance, edges, method)
    second = _one_pass(place, place.geometry.q * place.norm, place.variance, edges, method)
    return np.stack([first.sum_normalization, first.sum_signal, first.sum_variance, second.sum_signal])


def _one_pass(
    place: _Place, signal: FloatArray, variance: FloatArray, edges: FloatArray, method: tuple[str, str, str]
) -> Any:
    """Return what pyFAI finds for a signal; all corrections are in `norm`, which it takes as the flat field."""
    return place.geometry.integrator.integrate1d_ng(
        signal, len(edges) - 1, variance=variance, mask=place.unused, flat=place.norm, correctSolidAngle=False,
        dummy=NO_DUMMY, delta_dummy=1.0, radial_range=(float(edges[0]), float(edges[-1])), unit="q_A^-1", method=method,
    )  # fmt: skip


def _scatter(
    places: Sequence[_Place], edges: FloatArray, q: FloatArray, intensity: FloatArray, method: tuple[str, str, str]
) -> FloatArray:
    """Return the variance of the sum of each bin from the residuals of its pixels about I(Q), (n_bins,)."""
    total, count = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    for place in places:
        expected = np.interp(place.geometry.q, q, intensity) * place.norm
        found = _one_pass(place, place.signal, (place.signal - expected) ** 2, edges, method)
        total += found.sum_variance
        count += found.count
    return np.where(count > 1.5, total * count / np.maximum(count - 1.0, 0.5), 0.0)


def _cake(places: Sequence[_Place], edges: FloatArray) -> Cake:
    """Return the intensity over azimuth and Q."""
    n_q = min(CAKE_Q, len(edges) - 1)
    width, low = (edges[-1] - edges[0]) / n_q, edges[0]
    signal, norm = np.zeros(CAKE_AZIMUTH * n_q), np.zeros(CAKE_AZIMUTH * n_q)
    for place in places:
        kept = ~place.unused
        across = np.clip((place.geometry.q[kept] - low) / width, 0, n_q - 1).astype(np.intp)
        round_ = ((place.geometry.azimuth[kept] + 180.0) / 360.0 * CAKE_AZIMUTH).astype(np.intp) % CAKE_AZIMUTH
        cell = round_ * n_q + across
        signal += np.bincount(cell, place.signal[kept], minlength=len(signal))
        norm += np.bincount(cell, place.norm[kept], minlength=len(norm))
    intensity = np.full(len(signal), np.nan)
    np.divide(signal, norm, out=intensity, where=norm > 0.0)
    azimuth = np.asarray(-180.0 + 360.0 / CAKE_AZIMUTH * (np.arange(CAKE_AZIMUTH) + 0.5), dtype=np.float64)
    q: FloatArray = np.asarray(low + width * (np.arange(n_q) + 0.5))
    return Cake(q, azimuth, intensity.reshape(CAKE_AZIMUTH, n_q))


# ---- what looks wrong -----------------------------------------------------------------------------------------


def _remarks(places: Sequence[_Place], edges: FloatArray, found: _Found, settings: ImageSettings) -> list[str]:
    """Return sentences on what a reader should look at."""
    said = []
    cut = sum(_cut_by_chance(place, found, settings.minimum) for place in places)
    if cut:
        said.append(
            f"{cut} pixels below minimum = {settings.minimum:g} lie where hardly more is expected: to leave out low "
            "counts makes the intensity too high; use a mask instead."
        )
    saturated = sum(int(np.count_nonzero(p.codes == pixels.SATURATED)) for p in places)
    if saturated:
        said.append(f"{saturated} pixels are saturated and left out; strong reflections may be missing there.")
    if settings.outliers is None:
        dead = sum(_dead(place, edges) for place in places)
        if dead:
            said.append(
                f"{dead} pixels read 0 in rings of more than {DEAD_RING:g} counts: mask them, or set outliers = 5."
            )
    if settings.polarization is None:
        said.append("No correction for polarisation was made to the image.")
    return said


def _cut_by_chance(place: _Place, found: _Found, minimum: float | None) -> int:
    """Return how many pixels are left out by the minimum where counting alone, within 4 σ, reaches it."""
    below = place.codes == pixels.BELOW
    if minimum is None or not below.any():
        return 0
    expected = np.interp(place.geometry.q[below], found.q, found.intensity) * place.norm[below] / place.n_frames
    expected = np.maximum(expected + place.dark[below], 0.0)
    return int(np.count_nonzero(expected - 4.0 * np.sqrt(expected) < minimum))


def _dead(place: _Place, edges: FloatArray) -> int:
    kept = ~place.unused
    q, signal, norm = place.geometry.q[kept], place.signal[kept], place.norm[kept]
    total = np.histogram(q, edges, weights=signal)[0] / np.maximum(np.histogram(q, edges, weights=norm)[0], 1e-300)
    ring = np.clip(np.searchsorted(edges, q, side="right") - 1, 0, len(edges) - 2)
    silent = place.variance[kept] <= 0.0
    return int(np.count_nonzero(silent & (total[ring] * norm > DEAD_RING)))
