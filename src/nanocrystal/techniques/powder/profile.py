"""What the crystals of a phase do to its peaks: size, strain and texture, as a study states them; see `powder`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Claim, Declares, Meaning, Number, Quantity, of_measurement

COARSEST = 1000.0
"""µm; what is no powder any more"""
PROFILE: Mapping[str, Quantity] = {
    "size": Quantity(
        "size",
        "Å",
        "volume-weighted column length of the crystals",
        1e6,
        5.0,
        1e6,
        scale=100.0,
        meaning=Meaning("column length", "K λ/(Γ cos θ), Γ the full width at half maximum by size").more(
            "weighted by volume"
        ),
        claim=Claim("the size of the crystals broadens nothing", other=1000.0),
    ),
    "strain": Quantity(
        "strain",
        "",
        "microstrain Δd/d of the crystals",
        0.0,
        0.0,
        0.2,
        scale=1e-3,
        meaning=Meaning("microstrain", "Γ/(4 tan θ), Γ the full width at half maximum by strain").more(
            "weighted by volume"
        ),
        claim=Claim("the crystals are not strained", other=0.0005),
    ),
    "size_lorentzian": Quantity(
        "size_lorentzian",
        "",
        "Lorentzian part of the broadening by size, the rest Gaussian",
        1.0,
        0.0,
        1.0,
        scale=0.2,
        meaning=Meaning("Lorentzian part", "of the width by size, the rest Gaussian in squares"),
        claim=Claim("all of this width is Lorentzian", other=0.5),
    ),
    "strain_lorentzian": Quantity(
        "strain_lorentzian",
        "",
        "Lorentzian part of the broadening by strain",
        1.0,
        0.0,
        1.0,
        scale=0.2,
        meaning=Meaning("Lorentzian part", "of the width by strain, the rest Gaussian in squares"),
        claim=Claim("all of this width is Lorentzian", other=0.5),
    ),
    "texture": Quantity(
        "texture",
        "",
        "March–Dollase ratio r of the texture",
        1.0,
        0.05,
        20.0,
        scale=0.1,
        meaning=of_measurement("texture", "r of March and Dollase, below 1 where plates lie flat in reflection"),
    ),
}


@dataclass(frozen=True)
class Profile(Declares):
    """What the crystals of a population do to the peaks of a powder pattern: size, strain and texture.

    References
    ----------
    W. A. Dollase, J. Appl. Cryst. 19, 267 (1986), for texture; G. S. Pawley, J. Appl. Cryst. 14, 357 (1981), for free
    intensities; G. W. Brindley, Phil. Mag. 36, 347 (1945), for microabsorption.
    """

    size: Annotated[Number | None, "Å, volume-weighted column length [no broadening]"] = None
    strain: Annotated[Number | None, "microstrain Δd/d [0]"] = None
    texture: Annotated[Number | None, "ratio r of March and Dollase [1]; with texture_axis"] = None
    texture_axis: Annotated[
        tuple[int, int, int] | None, "indices of the planes that are oriented, such as [0, 0, 1]"
    ] = None
    intensities: Annotated[Literal["structure", "free"], "from the structure, or left to the fit (Pawley)"] = (
        "structure"
    )
    size_lorentzian: Annotated[Number | None, "Lorentzian part of the width by size [1]"] = None
    strain_lorentzian: Annotated[Number | None, "that of the width by strain [1]"] = None
    particle_diameter: Annotated[float | None, "µm, of particles, for microabsorption [fine: no correction]"] = None


def check_profiles(
    profiles: Mapping[str, Profile], populations: Collection[str], where: str, *, simulated: bool
) -> None:
    """Raise InputError for profiles of no population, and for what cannot be meant; simulated: without a file."""
    for name, profile in profiles.items():
        place = f"{where}.profiles.{name}"
        if name not in populations:
            raise InputError(place, f"there is no such population; {nearest_names(name, populations)}")
        if profile.texture is not None and profile.texture_axis is None:
            raise InputError(f"{place}.texture", "needs texture_axis, such as texture_axis = [0, 0, 1].")
        diameter = profile.particle_diameter
        if diameter is not None and not 0.0 < diameter <= COARSEST:
            raise InputError(
                f"{place}.particle_diameter", f"is in µm, above 0 and up to {COARSEST:g}, got {diameter:g}."
            )
        if profile.intensities == "free" and simulated:
            raise InputError(f"{place}.intensities", 'are "free" to be fitted; to simulate, leave them out.')
        if profile.texture_axis is not None and not any(profile.texture_axis):
            raise InputError(f"{place}.texture_axis", "must be the indices of planes, not [0, 0, 0].")
