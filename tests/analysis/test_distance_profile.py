"""Distances over depth in cubes built by hand, whose outermost layer is moved inwards by a known amount."""

from __future__ import annotations

import csv
import io
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from nanocrystal import Cluster, InputError
from nanocrystal.analysis import DepthReference, atom_depths, distance_profile
from nanocrystal.study import read_study
from nanocrystal.study.explicit import Boundaries, explicit_crystal_of

SPACING, INWARDS = 6.0, 0.4
"""Å: between planes, and how far the outermost planes are moved"""
PLANES = np.array([INWARDS, SPACING, 2 * SPACING, 3 * SPACING, 4 * SPACING - INWARDS])


def cube(turn: Rotation | None = None) -> Cluster:
    """Return 5 × 5 × 5 Cs on a grid with its outer planes moved inwards, and Pb in the middle of 4 × 4 × 4 cells."""
    cesium = np.array(list(product(PLANES, repeat=3)))
    middles = SPACING * (np.arange(4) + 0.5)
    lead = np.array(list(product(middles, repeat=3)))
    positions = np.concatenate([cesium, lead])
    elements = ("Cs",) * len(cesium) + ("Pb",) * len(lead)
    if turn is not None:
        positions = turn.apply(positions) + np.array([3.0, -40.0, 7.0])
    return Cluster(elements, positions, "by hand")


def test_depths_of_a_cube() -> None:
    depths = atom_depths(cube())
    expected = sorted([0.0] * 98 + [SPACING - INWARDS] * 26 + [2 * SPACING - INWARDS])
    np.testing.assert_allclose(np.sort(depths[:125]), expected, atol=1e-12)
    np.testing.assert_allclose(np.unique(depths[125:].round(9)), [3.0 - INWARDS, 9.0 - INWARDS])


def test_depth_below_the_hull_does_not_care_how_the_cube_is_turned() -> None:
    turned = cube(Rotation.from_euler("xyz", [20.0, 35.0, 50.0], degrees=True))
    np.testing.assert_allclose(atom_depths(turned, DepthReference("hull")), atom_depths(cube()), atol=1e-9)


def test_depth_below_the_hull_of_an_octahedron_by_hand() -> None:
    """The centre of an octahedron with corners at distance R is R/√3 below its faces."""
    corners = np.concatenate([np.eye(3), -np.eye(3)]) * 10.0
    cluster = Cluster(("Pb",) * 6 + ("Cs",), np.concatenate([corners, np.zeros((1, 3))]), "octahedron")
    np.testing.assert_allclose(
        atom_depths(cluster, DepthReference("hull")), [0.0] * 6 + [10.0 / np.sqrt(3.0)], atol=1e-9
    )


@pytest.mark.parametrize("turn", [None, Rotation.from_euler("zx", [31.0, 12.0], degrees=True)])
def test_mean_distances_counted_by_hand(turn: Rotation | None) -> None:
    """Of 2 × 3 × 25 × 4 = 600 distances counted from both ends 300 are short by 0.4 Å.

    The central atom has six, none short. The 26 about it have 156: each of the 27 × 3 pairs of an atom and an
    axis has one short distance where the atom stands next to the outer plane, 54. The rest belong to the surface.
    """
    found = distance_profile(cube(turn), "Cs", "Cs", cutoff=7.0, surface=DepthReference("hull" if turn else "box"))
    assert found.n_atoms.tolist() == [98, 26, 1]
    np.testing.assert_allclose(found.n_neighbours, [438 / 98, 6.0, 6.0])
    short = np.array([246 / 438, 54 / 156, 0.0])
    np.testing.assert_allclose(found.distance, SPACING - INWARDS * short, rtol=1e-9)
    counts = np.array([438, 156, 6])
    spread = INWARDS * np.sqrt(short * (1.0 - short) * counts / (counts - 1))
    np.testing.assert_allclose(found.distance_std, spread, atol=1e-7)
    np.testing.assert_allclose(found.depth, [0.0, SPACING - INWARDS, 2 * SPACING - INWARDS], atol=1e-9)


def test_distances_to_another_element_by_hand() -> None:
    """A corner Cs has one Pb at (2.6, 2.6, 2.6); a Cs of the core has eight at 3√3."""
    found = distance_profile(cube(), "Cs", "Pb", cutoff=5.5)
    corner = int(np.argmin(np.linalg.norm(cube().positions[:125], axis=1)))
    at = np.flatnonzero(found.atoms == corner)[0]
    assert found.atom_distance[at] == pytest.approx(2.6 * np.sqrt(3.0))
    assert found.distance[2] == pytest.approx(3.0 * np.sqrt(3.0))
    assert found.n_neighbours[2] == 8.0
    # corners 8 × 1, edges 36 × 2, faces 54 × 4 neighbours; one, two or three axes are short
    corners, edges, faces = (np.sqrt(n * 2.6**2 + (3 - n) * 9.0) for n in (3, 2, 1))
    mean = (8 * corners + 72 * edges + 216 * faces) / 296
    assert found.distance[0] == pytest.approx(mean)


def test_nearest_neighbours_with_and_without_a_cut_off() -> None:
    """A corner atom has three true neighbours; the first six reach to atoms in the diagonal."""
    six = distance_profile(cube(), "Cs", "Cs", n_nearest=6)
    assert np.all(six.n_neighbours == 6.0)
    assert six.distance[0] > distance_profile(cube(), "Cs", "Cs", n_nearest=6, cutoff=7.0).distance[0] + 0.5
    one = distance_profile(cube(), "Cs", "Cs", n_nearest=1)
    assert one.distance[0] == pytest.approx(SPACING - INWARDS)
    assert one.distance[2] == pytest.approx(6.0)


def test_shells_of_a_thickness_and_with_edges() -> None:
    thick = distance_profile(cube(), "Cs", "Cs", cutoff=7.0, shells=4.0)
    assert thick.n_atoms.tolist() == [98, 26, 1]
    np.testing.assert_allclose(thick.edges, [0.0, 4.0, 8.0, 12.0])
    two = distance_profile(cube(), "Cs", "Cs", cutoff=7.0, shells=[0.0, 3.0, 20.0])
    assert two.distance[1] == pytest.approx(6.0 - INWARDS * 54 / 162)
    gap = distance_profile(cube(), "Cs", "Cs", cutoff=7.0, shells=[0.0, 1.0, 2.0, 20.0])
    assert gap.n_atoms.tolist() == [98, 0, 27]
    assert np.isnan(gap.distance[1])


def test_ligands_outside_do_not_move_the_surface() -> None:
    bare = cube()
    away = np.array([[12.0, 12.0, -9.0], [12.0, 12.0, 40.0]])
    covered = Cluster((*bare.elements, "C", "Cs"), np.concatenate([bare.positions, away]), "with ligands")
    depths = atom_depths(covered, surface=DepthReference(elements=("Pb",)))
    assert depths[125] == pytest.approx(0.0)
    assert depths[-2] < 0.0
    found = distance_profile(covered, "Pb", "Pb", cutoff=6.5, surface=DepthReference(elements=("Pb",)))
    np.testing.assert_allclose(found.distance, 6.0)


def test_file_to_table(tmp_path: Path) -> None:
    path = tmp_path / "relaxed.xyz"
    path.write_text(cube().xyz_text("Properties=species:S:1:pos:R:3"), encoding="utf-8")
    found = distance_profile(Cluster.read(path), "Cs", "Cs", cutoff=7.0)
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [float(r["distance (Å)"]) for r in rows] == pytest.approx([6 - 0.4 * 246 / 438, 6 - 0.4 * 54 / 156, 6.0])
    atoms = list(csv.DictReader(io.StringIO(found.atoms_csv())))
    assert len(atoms) == 125
    assert atoms[0]["atom"] == "1"
    assert "98" in repr(found)


def test_atoms_without_neighbours_are_counted() -> None:
    cluster = Cluster(("Cs", "Cs", "Cs"), np.array([[0.0, 0, 0], [5.0, 0, 0], [50.0, 0, 0]]), "three")
    found = distance_profile(cluster, "Cs", "Cs", cutoff=6.0)
    assert (found.n_atoms.tolist(), found.alone) == ([2], 1)


def test_input_that_cannot_be_used() -> None:
    with pytest.raises(InputError, match="has no atom 'Br'"):
        distance_profile(cube(), "Cs", "Br", cutoff=5.0)
    with pytest.raises(InputError, match="needs n_nearest, cutoff"):
        distance_profile(cube(), "Cs", "Cs")
    with pytest.raises(InputError, match="within 1 Å"):
        distance_profile(cube(), "Cs", "Cs", cutoff=1.0)
    with pytest.raises(InputError, match="'box' or 'hull'"):
        distance_profile(cube(), "Cs", "Cs", cutoff=7.0, surface=DepthReference("sphere"))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="ascending edges"):
        distance_profile(cube(), "Cs", "Cs", cutoff=7.0, shells=[3.0, 1.0])
    with pytest.raises(InputError, match="no convex hull"):
        atom_depths(Cluster(("Cs",) * 4, np.eye(4)[:, :3] * [1.0, 1.0, 0.0], "flat"), DepthReference("hull"))
    points = np.random.default_rng(1).normal(0.0, 10.0, (400, 3))
    with pytest.raises(InputError, match="form no layers"):
        distance_profile(
            Cluster(("Cs",) * 400, points, "cloud"), "Cs", "Cs", n_nearest=1, surface=DepthReference("hull")
        )


def test_faces_of_a_turned_cube_are_found() -> None:
    """Turned by 45° about z it fills half of the box along x, y and z; turned anyhow its depths are the same."""
    for angles in ([45.0, 0.0, 0.0], [20.0, 35.0, 50.0]):
        turned = cube(Rotation.from_euler("zyx", angles, degrees=True))
        np.testing.assert_allclose(atom_depths(turned), atom_depths(cube()), atol=1e-9)
        found = distance_profile(turned, "Cs", "Cs", cutoff=7.0)
        assert found.n_atoms.tolist() == [98, 26, 1]
        assert found.surface == "the bounding box, turned along the faces"
        assert found.notes == ()
    straight = distance_profile(cube(), "Cs", "Cs", cutoff=7.0)
    assert straight.surface == "the bounding box"
    assert straight.notes == ()


def test_faces_of_an_orthorhombic_perovskite_are_found(tmp_path: Path) -> None:
    """9 × 9 × 9 blocks along the axes of the cell, four faces at 45° to these: 9³ − 8³ Pb are outermost, and so on."""
    (tmp_path / "cube.toml").write_text(
        '[crystals.x]\nlibrary = "CsPbBr3-gamma"\nu_iso = { Cs = 0.01, Pb = 0.01, Br = 0.01 }\n'
        '[populations.p]\ncrystal = "x"\nshape = "cube"\nedge_length = 54.0\n'
        '[datasets.iq]\ntechnique = "total-scattering"\nq = "1:2:0.1"\n'
    )
    atoms = explicit_crystal_of(read_study(tmp_path / "cube.toml"), None, 0, "xyz", Boundaries([], []))
    found = distance_profile(
        Cluster(tuple(np.array(atoms.species)[atoms.kinds]), atoms.positions, "cube"), "Pb", "Pb", cutoff=6.6
    )
    assert found.n_atoms.tolist() == [n**3 - (n - 1) ** 3 for n in range(9, 0, -1)]
    assert found.notes == ()


def test_atoms_that_fill_no_box_are_named() -> None:
    """An octahedron fills a sixth of the box about its corners, and no other one, either."""
    corners = np.concatenate([np.eye(3), -np.eye(3)]) * 10.0
    cluster = Cluster(("Pb",) * 6, corners, "octahedron")
    found = distance_profile(cluster, "Pb", "Pb", cutoff=15.0, shells=6.0)
    assert any("the atoms fill 17 %" in note and 'DepthReference("hull")' in note for note in found.notes)
    assert "! the atoms fill" in repr(found)
    by_hull = distance_profile(cluster, "Pb", "Pb", cutoff=15.0, shells=6.0, surface=DepthReference("hull"))
    assert by_hull.notes == ()
