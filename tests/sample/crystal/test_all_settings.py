"""CIFs of every setting of every space group: sound ones are read rightly, damaged ones never pass in silence."""

from __future__ import annotations

import random

import pytest

from nanocrystal.errors import InputError
from nanocrystal.sample import Crystal
from nanocrystal.sample.crystal.cif import parse_cif
from support.made_cifs import DAMAGES, Damage, Made, made_crystal, settings, sound_files, whole

LEFT_OPEN = "leaves the setting open"
OPEN = ("origin", "all but the number")
"""what a file leaves out where only the evidence of its atoms tells its setting"""
EVERYDAY = 40
"""of so many settings one is tried every day"""


def content(text: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return element -> number of atoms in the cell, and the notes of the file."""
    structure = parse_cif(text, "made.cif")
    crystal = Crystal(structure, u_iso=dict.fromkeys((s.element for s in structure.sites), 0.01))
    counts: dict[str, int] = {}
    for site in crystal.sites:
        counts[site.element] = counts.get(site.element, 0) + site.multiplicity
    return counts, structure.notes


def wrong_with_sound(made: Made) -> list[str]:
    """Return what is wrong with the reading of sound files of a crystal."""
    wrong = []
    for left_out, text in sound_files(made):
        name = f"{made.setting.xhm()} without {left_out}"
        try:
            counts, notes = content(text)
        except InputError as error:
            wrong.append(f"{name}: refused: {error}")
            continue
        if counts != dict(made.counts):
            wrong.append(f"{name}: {counts} for {made.counts}")
        if any(LEFT_OPEN not in note for note in notes) or (notes and left_out not in OPEN):
            wrong.append(f"{name}: {notes}")
    return wrong


def is_told(damage: Damage) -> bool:
    """Return whether a damaged file is refused, or a note names the contradiction."""
    try:
        _, notes = content(damage.text)
    except InputError:
        return True
    return any(word in note for word in damage.words for note in notes)


def tried(share: int, seeds: range = range(1)) -> tuple[int, int, list[str]]:
    """Return how many sound and damaged files of every so manyth setting were tried, and what went wrong."""
    sound, damaged, wrong = 0, 0, []
    for k, setting in list(enumerate(settings()))[::share]:
        for seed in seeds:
            made = made_crystal(setting, seed)
            sound += len(list(sound_files(made)))
            wrong += wrong_with_sound(made)
            for name, make in DAMAGES.items():
                damage = make(made, whole(made), random.Random(f"{k} {seed} {name}"))
                if damage is not None:
                    damaged += 1
                    wrong += [] if is_told(damage) else [f"{setting.xhm()}: {damage.what}, and nothing is said"]
    return sound, damaged, wrong


@pytest.mark.campaign
def test_a_share_of_the_settings() -> None:
    sound, damaged, wrong = tried(EVERYDAY)
    assert not wrong
    assert sound > 5 * len(settings()) / EVERYDAY
    assert damaged > 15 * len(settings()) / EVERYDAY


@pytest.mark.campaign
def test_every_third_setting() -> None:
    sound, damaged, wrong = tried(3)
    assert not wrong
    assert (sound, damaged) > (900, 2900)


@pytest.mark.long
def test_all_settings_three_times() -> None:
    sound, damaged, wrong = tried(1, range(3))
    assert not wrong
    assert (sound, damaged) > (9000, 27000)
