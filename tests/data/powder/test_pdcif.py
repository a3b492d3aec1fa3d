"""Patterns in CIF: which column is taken, angles listed or even, standard uncertainties, blocks, what is stated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.errors import InputError

COUNTS = (120, 98, 4096, 3)
EVEN = "_pd_meas_2theta_range_min 10\n_pd_meas_2theta_range_max 10.06\n_pd_meas_2theta_range_inc 0.02\n"


def loop(**columns: object) -> str:
    """Return a loop of columns, named without their first underscore."""
    rows = zip(*columns.values(), strict=True)  # type: ignore[call-overload]
    body = "".join(" ".join(str(v) for v in row) + "\n" for row in rows)
    return "loop_\n" + "".join(f"_{name}\n" for name in columns) + body


def written(folder: Path, *blocks: str) -> Path:
    path = folder / "a.cif"
    path.write_text("".join(f"data_{'pqr'[i]}\n{b}\n" for i, b in enumerate(blocks)), encoding="utf-8")
    return path


def test_counts_over_even_angles(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, EVEN + loop(pd_meas_counts_total=COUNTS)))
    np.testing.assert_allclose(curve.x, [10.0, 10.02, 10.04, 10.06])
    np.testing.assert_array_equal(curve.y, COUNTS)
    assert curve.sigma is None


def test_standard_uncertainties_count_in_the_last_digit(tmp_path: Path) -> None:
    """5540(160) is ± 160, 12.34(5) ± 0.05, 1.2(11) ± 1.1, 3.10e2(12) ± 12."""
    values = ("5540(160)", "12.34(5)", "1.2(11)", "3.10e2(12)", "?")
    angles = (10.0, 10.1, 10.3, 10.4, 10.5)
    curve = read_curve(written(tmp_path, loop(pd_proc_2theta_corrected=angles, pd_proc_intensity_total=values)))
    np.testing.assert_allclose(curve.y, [5540.0, 12.34, 1.2, 310.0])
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, [160.0, 0.05, 1.1, 12.0])
    assert "1 of 5 points have no value or no weight and were left out" in curve.notes


def test_weights_of_a_refinement(tmp_path: Path) -> None:
    """A weight of 0.04 is σ = 5; of 0 the point was excluded."""
    columns = loop(pd_proc_intensity_total=(100.0, 25.0, 4.0, 9.0), pd_proc_ls_weight=(0.04, 0.25, 0.0, 1.0))
    curve = read_curve(written(tmp_path, EVEN + columns))
    np.testing.assert_allclose(curve.sigma, [5.0, 2.0, 1.0])
    np.testing.assert_allclose(curve.x, [10.0, 10.02, 10.06])


def test_measured_counts_come_before_what_was_processed(tmp_path: Path) -> None:
    columns = loop(
        pd_proc_2theta_corrected=(9.9, 9.92, 9.94, 9.96),
        pd_meas_2theta_scan=(10.0, 10.02, 10.04, 10.06),
        pd_proc_intensity_net=(1.5, 2.5, 3.5, 4.5),
        pd_meas_counts_total=COUNTS,
    )
    curve = read_curve(written(tmp_path, columns))
    np.testing.assert_array_equal(curve.y, COUNTS)
    assert "_pd_meas_counts_total of the block p over _pd_meas_2theta_scan" in curve.notes
    net = read_curve(written(tmp_path, EVEN + loop(pd_proc_intensity_net=("1.5(1)", "2.5(1)", "3.5(1)", "4.5(1)"))))
    assert "the background is subtracted in the file" in net.notes


def test_counting_times_and_monitors_that_differ(tmp_path: Path) -> None:
    """Twice the time, or twice the monitor, halves the intensity; the mean is that of the result."""
    for name in ("pd_meas_step_count_time", "pd_meas_counts_monitor"):
        columns = loop(pd_meas_counts_total=(100, 400, 900, 100), **{name: (10, 20, 20, 10)})
        curve = read_curve(written(tmp_path, EVEN + columns))
        np.testing.assert_allclose(curve.y, [150.0, 300.0, 675.0, 150.0])
        assert curve.sigma is not None
        np.testing.assert_allclose(curve.sigma, [15.0, 15.0, 22.5, 15.0])
    steady = "_pd_meas_step_count_time 12\n" + EVEN + loop(pd_meas_counts_total=COUNTS)
    curve = read_curve(written(tmp_path, steady))
    assert (curve.sigma, curve.stated.counting_time) == (None, 12.0)


def test_angles_that_descend(tmp_path: Path) -> None:
    columns = loop(pd_meas_2theta_scan=(13.0, 12.0, 11.0), pd_meas_intensity_total=("3(1)", "2(2)", "1(3)"))
    curve = read_curve(written(tmp_path, columns))
    np.testing.assert_allclose(curve.y, [1.0, 2.0, 3.0])
    np.testing.assert_allclose(curve.sigma, [3.0, 2.0, 1.0])


def test_one_of_several_blocks(tmp_path: Path) -> None:
    pattern = EVEN + loop(pd_meas_counts_total=COUNTS)
    other = EVEN + loop(pd_meas_counts_total=[c + 1 for c in COUNTS])
    path = written(tmp_path, "_cell_length_a 5\n", pattern, other)
    with pytest.raises(InputError, match=r"holds 2 data blocks with a pattern; .* 1 \(q\); 2 \(r\)"):
        read_curve(path)
    np.testing.assert_array_equal(read_curve(path, entry="r").y, [c + 1 for c in COUNTS])


def test_what_is_stated(tmp_path: Path) -> None:
    stated = (
        "_diffrn_radiation_probe neutron\n_diffrn_radiation_wavelength 2.0785(2)\n_diffrn_ambient_temperature 10(1)\n"
        "_chemical_formula_sum 'C4 H O3 Zn'\n"
    )
    curve = read_curve(written(tmp_path, stated, EVEN + loop(pd_meas_counts_total=COUNTS)))
    assert (curve.stated.radiation, curve.stated.wavelength, curve.stated.temperature) == ("neutron", 2.0785, 10.0)
    doublet = "_diffrn_radiation_type 'CuK\\a'\n" + loop(
        diffrn_radiation_wavelength=(1.5406, 1.5444), diffrn_radiation_wavelength_wt=(1.0, 0.5)
    )
    tube = read_curve(written(tmp_path, doublet + EVEN + loop(pd_meas_counts_total=COUNTS))).stated
    assert (tube.radiation, tube.wavelength, tube.second_wavelength, tube.ratio) == ("x-ray", 1.5406, 1.5444, 0.5)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ((loop(atom_site_label=("A", "B", "C"), atom_site_fract_x=(0, 0, 0)),), "a crystal structure but no powder"),
        ((loop(pd_meas_time_of_flight=(1, 2, 3), pd_meas_counts_total=(1, 2, 3)),), "times of flight"),
        ((loop(pd_meas_counts_total=(1, 2, 3)),), "no block has intensities"),
        ((EVEN + loop(pd_meas_counts_total=(1, 2, 3, 4, 5)),), "which are not the 5 points"),
        ((EVEN + loop(pd_meas_counts_total=(1, 2, "many", 4)),), "'many' among the values of _pd_meas_counts_total"),
        (("_cell_length_a 5\n_cell_length_a 6\n",), "cannot be read as CIF"),
    ],
)
def test_what_is_refused(blocks: tuple[str, ...], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_curve(written(tmp_path, *blocks))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
