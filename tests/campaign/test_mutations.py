"""Do the tests notice where the code says or computes something else? Each mutation is one wrong piece of the source.

One text of one file is replaced by another that a slip of the pen could leave: a sign, a limit, a factor, a word of a
sentence, a condition turned round. The tests that are named must then fail, which they do not on an unchanged copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.paths import ROOT, TESTS

FAILED = 1
"""exit code of pytest where tests ran and some failed"""


@dataclass(frozen=True)
class Mutation:
    """file: of the package; old, new: text; test: one that must fail, its file and name."""

    file: str
    old: str
    new: str
    test: str


M = Mutation
MUTATIONS = (
    # ---- shells around an absorber ----
    M(
        "kernels/exafs.py",
        "k**2 - e0 / ENERGY_OF_K2",
        "k**2 + e0 / ENERGY_OF_K2",
        "kernels/test_exafs.py::test_e0_moves_the_zero_of_k",
    ),
    M(
        "kernels/exafs.py",
        "values.delta_r - 2.0 * values.sigma2",
        "values.delta_r + 2.0 * values.sigma2",
        "kernels/test_exafs.py::test_a_path_by_hand",
    ),
    M(
        "kernels/exafs.py",
        "- 2.0 * p2 * values.third / 3.0",
        "+ 2.0 * p2 * values.third / 3.0",
        "kernels/test_exafs.py::test_cumulants_are_those_of_a_distribution",
    ),
    M(
        "data/feff.py",
        "amplitude=magnitude * reduction",
        "amplitude=magnitude / reduction",
        "truth/test_exafs_feff.py::test_their_sum_is_that_of_feff",
    ),
    M(
        "techniques/exafs/space.py",
        "np.sqrt(self.n_independent / n)",
        "np.sqrt(1.0 / n)",
        "techniques/exafs/test_space.py::test_a_number_of_weights_is_one_measurement",
    ),
    M(
        "techniques/exafs/model.py",
        "if apart < resolved:",
        "if apart > resolved:",
        "techniques/exafs/test_technique.py::test_shells_that_are_not_resolved_are_told",
    ),
    M(
        "techniques/exafs/model.py",
        "TOO_SHORT = 0.8",
        "TOO_SHORT = 0.6",
        "techniques/exafs/test_technique.py::test_a_distance_that_no_bond_has_is_told",
    ),
    M(
        "refinement/uncertainty.py",
        "if overlap is not None:",
        "if overlap is None:",
        "techniques/exafs/test_technique.py::test_errors_are_those_of_plain_least_squares_over_k",
    ),
    # ---- misfits in words ----
    M(
        "refinement/judged.py",
        'problem = "negative" if curve.scale < 0.0 else "zero"',
        'problem = "zero" if curve.scale < 0.0 else "negative"',
        "refinement/test_judged.py::test_a_model_upside_down_is_doubtful",
    ),
    M(
        "refinement/judged.py",
        "curve.scale <= 0.0:",
        "curve.scale < 0.0:",
        "refinement/test_judged.py::test_a_scale_of_nothing_is_doubtful",
    ),
    M(
        "refinement/judged.py",
        "IMPROBABLE = 1e-4",
        "IMPROBABLE = 1e-12",
        "refinement/test_judged.py::test_chi_squared_is_low_below_a_chance_of_1_in_10000",
    ),
    M(
        "refinement/judged.py",
        'f"are {by}too large, or',
        'f"are {by}too small, or',
        "refinement/test_judged.py::test_sigmas_that_are_too_large_or_too_small_are_said",
    ),
    M(
        "refinement/judged.py",
        "ABOVE_EXPECTED = 2.0",
        "ABOVE_EXPECTED = 1.5",
        "refinement/test_judged.py::test_sigmas_that_are_too_large_or_too_small_are_said",
    ),
    M(
        "refinement/judged.py",
        "elif curve.rw >= POOR and not curve.is_noise:",
        "elif curve.rw >= POOR:",
        "refinement/test_judged.py::test_a_large_r_that_is_all_noise_is_no_doubt",
    ),
    M(
        "refinement/judged.py",
        "return bool(rest @ rest <= of_model @ of_model)",
        "return bool(rest @ rest >= of_model @ of_model)",
        "refinement/test_judged.py::test_a_straight_line_that_does_as_well_is_a_doubt",
    ),
    M(
        "refinement/judged.py",
        "of_points = 2.0 + 1.0 / np.maximum(curve.sigma**2, 1e-12)",
        "of_points = 2.0 + 0.0 / np.maximum(curve.sigma**2, 1e-12)",
        "refinement/test_judged.py::test_pearson_s_chi_squared_of_few_counts_is_not_called_low",
    ),
    M(
        "refinement/judged.py",
        "order = np.argsort(sums)[::-1]",
        "order = np.argsort(sums)",
        "refinement/test_judged.py::test_a_misfit_well_above_noise_is_named_with_its_place",
    ),
    # ---- several minima ----
    M(
        "refinement/minima.py",
        'as_good = "is as good" if rise < AS_GOOD',
        'as_good = "is as good" if rise > AS_GOOD',
        "refinement/test_minima.py::test_another_minimum_that_noise_may_make_the_best_is_told_with_its_values",
    ),
    M(
        "refinement/minima.py",
        "for rise, x in self.near if rise < AS_GOOD]",
        "for rise, x in self.near]",
        "refinement/test_minima.py::test_a_minimum_that_is_as_good_widens_the_interval",
    ),
    M(
        "refinement/minima.py",
        "if len(self.outcome.ends) < 2 or",
        "if len(self.outcome.ends) < 1 or",
        "refinement/test_minima.py::test_one_descent_says_nothing",
    ),
    M(
        "refinement/minima.py",
        "least = _number(min(others))",
        "least = _number(max(others))",
        "refinement/test_minima.py::test_other_minima_and_descents_that_came_to_no_end_are_counted",
    ),
    M(
        "refinement/minima.py",
        "rise < SAME_RISE and _distance(x, here, errors) < SAME_PLACE for",
        "rise < SAME_RISE for",
        "refinement/test_minima.py::test_two_minima_that_are_one_curve_are_both_told",
    ),
    # ---- notes of a refinement ----
    M(
        "refinement/fit.py",
        'side = "at most" if p.limit > p.value else "at least"',
        'side = "at least" if p.limit > p.value else "at most"',
        "refinement/test_notes.py::test_delta2_that_is_not_there_is_printed_as_0",
    ),
    M(
        "refinement/fit.py",
        "if wider > NOTEWORTHY_FACTOR:",
        "if wider < NOTEWORTHY_FACTOR:",
        "refinement/test_intervals.py::test_few_degrees_of_freedom_are_said",
    ),
    M(
        "refinement/fit.py",
        "if abs(matrix[i, j]) > NOTEWORTHY",
        "if matrix[i, j] > NOTEWORTHY",
        "refinement/test_notes.py::test_correlations_are_listed_strongest_first_and_not_without_end",
    ),
    M(
        "refinement/fit.py",
        "for a in spread.at_bound if a not in absent]",
        "for a in spread.at_bound]",
        "refinement/test_absent.py::test_what_is_not_seen_has_a_limit_and_is_said_once",
    ),
    M(
        "refinement/fit.py",
        "{a} is at most {p.limit:.2g}",
        "{a} is at least {p.limit:.2g}",
        "refinement/test_absent.py::test_what_is_not_seen_has_a_limit_and_is_said_once",
    ),
    M(
        "refinement/fit.py",
        "if _columns_of(a.measured) & _columns_of(b.measured) and overlapping(a, b):",
        "if _columns_of(a.measured) & _columns_of(b.measured):",
        "refinement/test_joint.py::test_one_measurement_twice",
    ),
    M(
        "refinement/fit.py",
        "freedom = measured.n_measurements - len(fit.free_rows) - moved",
        "freedom = measured.n_measurements",
        "refinement/test_intervals.py::test_chi_squared_is_over_degrees_of_freedom",
    ),
    # ---- what is not there ----
    M(
        "refinement/absent.py",
        "is not seen: {why}",
        "is seen: {why}",
        "refinement/test_absent.py::test_nothing_is_not_seen_and_rests_at_its_start",
    ),
    M(
        "refinement/absent.py",
        "return RISE_95 if not part.own else chi2",
        "return 6.635 if not part.own else chi2",
        "refinement/test_absent.py::test_an_amount_alone_is_there_where_its_rise_is_above_2_706",
    ),
    M(
        "refinement/absent.py",
        "SAFE = 0.95",
        "SAFE = 0.5",
        "refinement/test_absent.py::test_rises_between_which_data_are_simulated_are_those_of_tables",
    ),
    M(
        "refinement/absent.py",
        "len(part.amounts) + 2.0) * float(np.log(max(problem.n_points, 2)))",
        "len(part.amounts) + 2.0) * float(np.log10(max(problem.n_points, 2)))",
        "refinement/test_absent.py::test_rises_between_which_data_are_simulated_are_those_of_tables",
    ),
    M(
        "refinement/absent.py",
        ">= rise:\n            return True",
        ">= rise:\n            return False",
        "refinement/test_absent.py::test_a_rise_is_held_against_that_of_noise",
    ),
    M(
        "refinement/absent.py",
        "abs(values[amount]) > reach * stderr:",
        "abs(values[amount]) < reach * stderr:",
        "refinement/test_absent.py::test_nothing_is_not_seen_and_rests_at_its_start",
    ),
    # ---- crystals that went astray ----
    M(
        "sample/strays.py",
        "if abs(change) > MOVED}",
        "if change > MOVED}",
        "sample/test_strays.py::test_a_cell_that_moved_by_more_than_3_percent_is_named",
    ),
    M(
        "sample/strays.py",
        "MOVED = 0.03",
        "MOVED = 0.04",
        "sample/test_strays.py::test_a_cell_that_moved_by_more_than_3_percent_is_named",
    ),
    M(
        "sample/strays.py",
        "if across < FEWEST_CELLS else []",
        "if across > FEWEST_CELLS else []",
        "sample/test_strays.py::test_a_crystal_below_two_cells_across_is_named",
    ),
    # ---- what one powder pattern is worth ----
    M(
        "techniques/powder/said.py",
        "np.where(phase == k, -2.0 * np.tan(theta), 0.0)",
        "np.where(phase == k, 2.0 * np.tan(theta), 0.0)",
        "techniques/powder/test_said.py::test_the_cell_with_a_zero_instead_is_that_of_a_refit",
    ),
    M(
        "techniques/powder/said.py",
        "length * (1.0 + strain)",
        "length * (1.0 - strain)",
        "techniques/powder/test_said.py::test_the_cell_that_is_said_is_that_of_a_refinement_with_zero",
    ),
    M(
        "techniques/powder/said.py",
        "parts = {n: w / factors[n] for n, w in seen.items()}",
        "parts = {n: w * factors[n] for n, w in seen.items()}",
        "techniques/powder/test_said.py::test_amounts_come_back_from_what_is_seen_of_them",
    ),
    M(
        "techniques/powder/said.py",
        "if apart[most] < NOTEWORTHY:",
        "if apart[most] > NOTEWORTHY:",
        "techniques/powder/test_said.py::test_amounts_are_remarked_on_where_phases_absorb_differently",
    ),
    M(
        "techniques/powder/said.py",
        "or any(a.diameter is not None for a in absorbers.values())",
        "",
        "techniques/powder/test_said.py::test_amounts_are_remarked_on_where_phases_absorb_differently",
    ),
    M(
        "techniques/powder/said.py",
        "or not sizes or has_standard:",
        "or not sizes:",
        "techniques/powder/test_said.py::test_widths_beside_a_standard_are_no_matter",
    ),
    # ---- remarks on a PDF ----
    M(
        "techniques/pdf/model.py",
        '"which is too small; find qdamp with a standard."',
        '"which is too large; find qdamp with a standard."',
        "refinement/test_said.py::test_a_resolution_left_out_makes_the_size_too_small",
    ),
    M(
        "techniques/pdf/model.py",
        '.qdamp"] == 0.0:',
        '.qdamp"] != 0.0:',
        "refinement/test_said.py::test_a_resolution_left_out_beside_a_size",
    ),
    M(
        "techniques/pdf/model.py",
        "last < INSIDE * across:",
        "last > INSIDE * across:",
        "refinement/test_said.py::test_a_range_that_ends_inside_the_crystals",
    ),
    # ---- scatter of points ----
    M(
        "measurement/scatter.py",
        '"counting": 1.0, "relative": 2.0}',
        '"counting": 1.0, "relative": 1.5}',
        "measurement/test_scatter.py::test_the_law_of_made_data_is_found",
    ),
    M(
        "measurement/scatter.py",
        "EXPECTED = 0.14847",
        "EXPECTED = 0.3",
        "measurement/test_scatter.py::test_the_law_of_made_data_is_found",
    ),
    M(
        "measurement/scatter.py",
        "POISSON = (0.4, 2.5)",
        "POISSON = (0.0, 1e9)",
        "measurement/test_scatter.py::test_points_that_scatter_more_than_their_last_digit_are_no_counts_of_it",
    ),
    M(
        "measurement/scatter.py",
        "counts_per_unit = {1.0 / found.unit:.9g}",
        "counts_per_unit = {found.unit:.9g}",
        "measurement/test_scatter.py::test_counts_times_a_number_recommend_their_own_likelihood",
    ),
    M(
        "measurement/scatter.py",
        'f"their scatter grows as √I, σ = {self.size:.3g} √I"',
        'f"their scatter grows with I, σ = {self.size:.3g} √I"',
        "measurement/test_scatter.py::test_the_words_of_each_law",
    ),
    # ---- counts ----
    M(
        "measurement/counts.py",
        "FEWEST = 1e-2",
        "FEWEST = 1.0",
        "measurement/test_counts.py::test_sigma_where_nothing_is_expected",
    ),
    M(
        "measurement/counts.py",
        "counts * logarithm, 0.0) - (counts - m))",
        "counts * logarithm, 0.0) + (counts - m))",
        "measurement/test_counts.py::test_deviance_is_twice_the_fall_of_the_log_likelihood",
    ),
    M(
        "measurement/counts.py",
        "variance = variance + sum(",
        "variance = variance - sum(",
        "measurement/test_counts.py::test_a_counted_blank_is_where_the_likelihood_of_both_measurements_is_highest",
    ),
    # ---- intervals and limits ----
    M(
        "refinement/intervals.py",
        "RISE_68, RISE_95 = 0.219, 2.706",
        "RISE_68, RISE_95 = 0.219, 3.841",
        "refinement/test_intervals.py::test_a_limit_at_a_bound_by_hand",
    ),
    M(
        "refinement/intervals.py",
        "student_quantile(0.5 + 0.5 * ONE_SIGMA",
        "student_quantile(ONE_SIGMA",
        "refinement/test_intervals.py::test_factors_of_student",
    ),
    M(
        "refinement/intervals.py",
        "self._t = 1.0 if spread.has_sigmas else student(spread.freedom)",
        "self._t = 1.0",
        "refinement/test_intervals.py::test_an_interval_without_sigma_carries_the_factor",
    ),
    M(
        "refinement/intervals.py",
        "if abs(value - bound) < NEAR_BOUND * stderr:",
        "if abs(value - bound) > NEAR_BOUND * stderr:",
        "refinement/test_intervals.py::test_a_limit_near_a_bound_by_hand",
    ),
    M(
        "refinement/intervals.py",
        "NEAR_BOUND = 2.0",
        "NEAR_BOUND = 20.0",
        "refinement/test_intervals.py::test_a_limit_near_a_bound_by_hand",
    ),
    # ---- correlated motion ----
    M(
        "sample/pairs/motion.py",
        "nearest**-power / (1.0 - LEAST_LEFT)",
        "nearest**power / (1.0 - LEAST_LEFT)",
        "sample/pairs/test_motion.py::test_delta2_ends_below_the_square_of_the_nearest_distance",
    ),
    M(
        "sample/pairs/motion.py",
        '"delta1": 1, "delta2": 2',
        '"delta1": 2, "delta2": 2',
        "sample/pairs/test_motion.py::test_beside_a_fixed_delta1_less_is_left",
    ),
    # ---- comparisons ----
    M(
        "refinement/verdict.py",
        '"{s.name} is worse than {best[0].name}',
        '"{s.name} is better than {best[0].name}',
        "refinement/test_comparison.py::test_what_is_worse_in_every_way_is_told_apart_in_spite_of_a_misfit",
    ),
    M(
        "refinement/verdict.py",
        "DESCRIBED = 1.2",
        "DESCRIBED = 3.0",
        "refinement/test_comparison.py::test_pair_of_2_08_and_1_99_with_a_common_misfit_cannot_be_told_apart",
    ),
    M(
        "refinement/verdict.py",
        "fewest = min(best,",
        "fewest = max(best,",
        "refinement/test_comparison.py::test_simpler_of_two_that_fit_alike_is_said_to_suffice",
    ),
    M(
        "refinement/verdict.py",
        '"below 0.1 %" if probability < 1e-3',
        '"below 0.1 %" if probability > 1e-3',
        "refinement/test_comparison.py::test_the_chance_of_the_other_sign_is_said",
    ),
    M(
        "refinement/comparison.py",
        "min(delta_chi2, delta_chi2 + extra) > STRONG",
        "max(delta_chi2, delta_chi2 + extra) > STRONG",
        "refinement/test_comparison.py::test_fewer_parameters_alone_tell_nothing_apart",
    ),
    M(
        "refinement/comparison.py",
        "and probability < UNSURE",
        "",
        "refinement/test_comparison.py::test_equally_wrong_candidates_are_rarely_told_apart",
    ),
    M(
        "refinement/comparison.py",
        "aic=chi2 + 2.0 * standing.n_parameters",
        "aic=chi2 - 2.0 * standing.n_parameters",
        "refinement/test_comparison.py::test_aic_and_bic_by_hand",
    ),
    M(
        "report/compared/tables.py",
        "(p.better, p.worse) == (best, standing.name)",
        "(p.worse, p.better) == (best, standing.name)",
        "report/test_comparison.py::test_rows_say_the_chance_and_the_standing_of_each",
    ),
    M(
        "report/compared/tables.py",
        'return "< 0.1 %" if probability < 1e-3',
        'return "< 0.1 %" if probability > 1e-3',
        "report/test_comparison.py::test_rows_say_the_chance_and_the_standing_of_each",
    ),
    M(
        "report/templates/comparison.html",
        "{% if one.name not in best %}",
        "{% if one.name in best %}",
        "report/test_comparison.py::test_rows_say_the_chance_and_the_standing_of_each",
    ),
    M(
        "report/compared/page.py",
        'return "good" if comparison.complete else "doubtful"',
        'return "doubtful" if comparison.complete else "good"',
        "report/test_comparison.py::test_the_state_of_a_comparison",
    ),
    # ---- where descents begin ----
    M(
        "refinement/starts.py",
        "for k in range(-7, 8) if k)",
        "for k in range(0, 8) if k)",
        "refinement/test_starts.py::test_a_cell_far_off_is_found_or_the_result_is_doubtful",
    ),
    M(
        "refinement/starts.py",
        "if quantity and quantity != CELL:",
        "if quantity:",
        "refinement/test_starts.py::test_lengths_of_a_cell_are_not_exchanged",
    ),
    M(
        "refinement/starts.py",
        "other[a], other[b] = x[b], x[a]",
        "other[a], other[b] = x[b], x[b]",
        "refinement/test_starts.py::test_like_values_are_exchanged_and_others_are_not",
    ),
    M(
        "refinement/starts.py",
        "k = max(rest, key=",
        "k = min(rest, key=",
        "refinement/test_starts.py::test_starts_that_are_kept_are_apart",
    ),
    M(
        "refinement/starts.py",
        "yield [k], SIZE_FACTORS",
        "yield [k], (1.0,)",
        "refinement/test_starts.py::test_a_size_far_off_is_looked_for",
    ),
    M(
        "refinement/starts.py",
        "if best <= (1.0 - EXPLAINED) * _without_sample(problem, start):",
        "if best >= (1.0 - EXPLAINED) * _without_sample(problem, start):",
        "refinement/test_starts.py::test_a_start_that_explains_something_is_kept",
    ),
    # ---- the descent on the deviance ----
    M(
        "refinement/by_deviance.py",
        "np.asarray(-per_unit * np.where(",
        "np.asarray(per_unit * np.where(",
        "refinement/test_by_deviance.py::test_least_deviance_is_that_of_a_search_by_hand",
    ),
    M(
        "refinement/by_deviance.py",
        "np.abs(n - m) / (m * np.where(near, 1.0, root))",
        "np.abs(n - m) / (n * np.where(near, 1.0, root))",
        "refinement/test_by_deviance.py::test_slopes_are_those_of_differences",
    ),
    # ---- incoherent scattering ----
    M(
        "techniques/total_scattering/instrument.py",
        "COUNTED = 2.0",
        "COUNTED = 3.0",
        "command/test_wrong_input_total_scattering.py::test_incoherent_scattering_recoils",
    ),
    M(
        "techniques/total_scattering/model.py",
        "np.asarray(part * free * recoil(",
        "np.asarray(free * recoil(",
        "command/test_wrong_input_total_scattering.py::test_incoherent_scattering_is_found_beside_a_background",
    ),
    M(
        "techniques/total_scattering/model.py",
        "numbers[n] * (s.n_units or 1.0) * incoherent(",
        "numbers[n] * incoherent(",
        "command/test_wrong_input_total_scattering.py"
        "::test_incoherent_scattering_is_that_of_all_atoms_of_the_mean_nanocrystal",
    ),
    M(
        "reduction/angles.py",
        "(1.0 + energy / ELECTRON_EV * (1.0 - np.cos(angle)))",
        "(1.0 + energy / ELECTRON_EV * (1.0 + np.cos(angle)))",
        "command/test_wrong_input_total_scattering.py::test_incoherent_scattering_recoils",
    ),
    # ---- several data sets ----
    M(
        "refinement/joint.py",
        "pull = float((value - point.evaluation.values[address])",
        "pull = float((point.evaluation.values[address] - value)",
        "refinement/test_joint.py::test_what_each_says_alone_is_a_fit_of_it_alone",
    ),
    M(
        "refinement/joint.py",
        "apart = variance - variance_joint",
        "apart = variance + variance_joint",
        "refinement/test_joint.py::test_what_each_says_alone_is_a_fit_of_it_alone",
    ),
    M(
        "refinement/joint.py",
        "return max(1.0, gof) if self.problem.has_sigmas else gof",
        "return gof",
        "refinement/test_joint.py::test_sigmas_that_are_too_large_are_left",
    ),
    M(
        "refinement/joint.py",
        "contradiction.probability < DISAGREE:",
        "contradiction.probability > DISAGREE:",
        "refinement/test_joint.py::test_contradiction_is_said_and_not_hidden_in_larger_errors",
    ),
    M(
        "refinement/joint.py",
        "if name in joint.estimated and scale > 3.0 and",
        "if name in joint.estimated and scale < 3.0 and",
        "refinement/test_joint.py::test_sigmas_far_too_small_are_said",
    ),
    # ---- exit codes ----
    M(
        "cli/common.py",
        "NOT_CONVERGED, WRONG_INPUT = 1, 2",
        "NOT_CONVERGED, WRONG_INPUT = 2, 1",
        "command/test_cli.py::test_not_converged_writes_and_ends_with_1",
    ),
    M(
        "cli/common.py",
        'if how != "whole" or saved',
        'if how == "whole" or saved',
        "command/test_cli.py::test_quiet_prints_the_path_of_the_report_alone",
    ),
    M(
        "cli/common.py",
        'if how == "interrupted":\n        raise typer.Exit(INTERRUPTED)',
        'if how == "interrupted":\n        raise typer.Exit(NOT_CONVERGED)',
        "command/test_posterior.py::test_interrupted_it_keeps_what_there_is",
    ),
    M(
        "report/refined/result.py",
        'return ("incomplete", f"Doubtful: {self.doubts[0]}") if self.doubts',
        'return ("whole", f"Doubtful: {self.doubts[0]}") if self.doubts',
        "command/test_doubtful.py::test_a_pdf_upside_down_is_doubtful_first",
    ),
    # ---- noise of G(r) ----
    M(
        "techniques/pdf/noise.py",
        "weak = (q / self.mean_f**2) ** 2",
        "weak = (q * self.mean_f**2) ** 2",
        "techniques/pdf/test_noise.py::test_each_part_of_the_law_is_recognised_in_its_own_noise",
    ),
    M(
        "techniques/pdf/noise.py",
        "weak * np.maximum(self.intensity, 0.0)]",
        "weak]",
        "techniques/pdf/test_noise.py::test_each_part_of_the_law_is_recognised_in_its_own_noise",
    ),
    M(
        "techniques/pdf/noise.py",
        '    "white in F(Q)": "a",\n    "white in S(Q)": "b",',
        '    "white in S(Q)": "a",\n    "white in F(Q)": "b",',
        "techniques/pdf/test_noise.py::test_each_part_of_the_law_is_recognised_in_its_own_noise",
    ),
    # ---- posteriors ----
    M(
        "refinement/posterior/density.py",
        "Density(main - 0.5 * log_det,",
        "Density(main + 0.5 * log_det,",
        "refinement/test_by_deviance.py::test_posterior_density_of_counts_is_the_integral_of_their_likelihood",
    ),
    M(
        "refinement/posterior/density.py",
        "ROUNDS if problem.is_counted else 0",
        "0",
        "refinement/test_by_deviance.py::test_posterior_density_of_counts_is_the_integral_of_their_likelihood",
    ),
    M(
        "refinement/posterior/density.py",
        "self.freedom = problem.n_points - self.n_linear",
        "self.freedom = problem.n_points",
        "refinement/posterior/test_posterior.py::test_unknown_noise_gives_students_t",
    ),
    M(
        "refinement/posterior/density.py",
        "main = -0.5 * chi2 / self.factor**2",
        "main = -0.5 * chi2",
        "refinement/posterior/test_posterior.py::test_scaled_sigmas_widen_the_law_by_that_factor",
    ),
    # ---- what is taken as given, boxes, candidates that contain others ----
    M(
        "refinement/assumed.py",
        "yield self._in_errors(-self._solved(self.jacobian, change))",
        "yield self._in_errors(self._solved(self.jacobian, change))",
        "refinement/test_assumed.py::test_the_values_that_another_case_moves_are_those_of_a_fit_by_hand",
    ),
    M(
        "refinement/assumed.py",
        "MOVED = 1.0",
        "MOVED = 3.0",
        "refinement/test_assumed.py::test_what_moves_by_less_than_a_standard_error_is_not_told",
    ),
    M(
        "refinement/verdict.py",
        "POORER = 1.0",
        "POORER = 0.1",
        "refinement/test_comparison.py::test_a_candidate_that_fits_worse_than_its_own_part_has_missed_its_minimum",
    ),
    M(
        "refinement/verdict.py",
        "and of_part < refined",
        "and of_part <= refined",
        "refinement/test_comparison.py::test_a_candidate_that_fits_worse_than_its_own_part_has_missed_its_minimum",
    ),
    M(
        "analysis/box.py",
        "return smallest if smallest.is_full else aligned",
        "return smallest",
        "analysis/test_box.py::test_a_ball_fills_no_box",
    ),
    M(
        "analysis/box.py",
        "return self.part >= FULL",
        "return self.part > 0.4",
        "analysis/test_distance_profile.py::test_faces_of_a_turned_cube_are_found",
    ),
    M(
        "running/pool.py",
        "        os._exit(1)",
        "        return",
        "running/test_pool.py::test_processes_end_with_a_parent_that_is_killed",
    ),
    # ---- X-ray absorption ----
    M(
        "data/xas/signal.py",
        "np.log(found.values(before) / found.values(behind))",
        "np.log(found.values(behind) / found.values(before))",
        "data/xas/test_reading.py::test_xdi_by_names",
    ),
    M(
        "data/xas/signal.py",
        "energy = energy + scan.shift",
        "energy = energy - scan.shift",
        "data/xas/test_reading.py::test_projects_of_athena",
    ),
    M(
        "reduction/xas/scans.py",
        "replace(s, energy=s.energy + shift)",
        "replace(s, energy=s.energy - shift)",
        "reduction/xas/test_reduced.py::test_scans_are_aligned_on_their_reference_and_averaged",
    ),
    M(
        "reduction/xas/noise.py",
        "K_STEP / np.sqrt(np.pi) * np.sqrt((weights**2).sum())",
        "K_STEP / np.sqrt(2.0 * np.pi) * np.sqrt((weights**2).sum())",
        "reduction/xas/test_noise.py::test_white_noise_on_chi_is_returned",
    ),
    M(
        "reduction/xas/noise.py",
        "np.var(np.array(scans), axis=0, ddof=1) / len(scans)",
        "np.var(np.array(scans), axis=0, ddof=1)",
        "reduction/xas/test_noise.py::test_noise_of_counts_is_that_of_chi_where_shells_are",
    ),
    M(
        "reduction/xas/edge.py",
        '{far - 50.0:.0f}]" if far > at else',
        '{far - 50.0:.0f}]" if far < at else',
        "reduction/xas/test_reduced.py::test_what_cannot_be_meant_is_said",
    ),
)


def test_each_mutation_changes_one_place_and_names_a_test() -> None:
    for m in MUTATIONS:
        text = (ROOT / "src" / "nanocrystal" / m.file).read_text(encoding="utf-8")
        assert text.count(m.old) == 1, f"{m.file}: {m.old!r} occurs {text.count(m.old)} times"
        assert m.new != m.old
        file, _, name = m.test.partition("::")
        assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8"), m.test
    assert len(MUTATIONS) >= 30
    assert max(Counter((m.file, m.old) for m in MUTATIONS).values()) == 1


# ---- by hand ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Copy:
    """A copy of the source that tests can run on."""

    folder: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Python on the copy, in the folder of the tests' settings."""
        named = {"PYTHONPATH": str(self.folder), "NUMBA_CACHE_DIR": str(self.folder / "compiled")}
        return subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=os.environ | named, capture_output=True, text=True, timeout=900
        )

    def tested(self, *tests: str) -> subprocess.CompletedProcess[str]:
        """Run tests of the default tier, up to the first that fails."""
        return self.run("-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *(f"tests/{t}" for t in tests))


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """One copy for all mutations, so that kernels are compiled once; it is what is imported."""
    folder = tmp_path_factory.mktemp("mutated")
    shutil.copytree(ROOT / "src" / "nanocrystal", folder / "nanocrystal", ignore=shutil.ignore_patterns("__pycache__"))
    copy = Copy(folder)
    found = copy.run("-c", "import nanocrystal; print(nanocrystal.__file__)").stdout.strip()
    assert Path(found).is_relative_to(folder)
    yield copy
    shutil.rmtree(folder)


@pytest.mark.long
@pytest.mark.parametrize("file", sorted({m.test.partition("::")[0] for m in MUTATIONS}))
def test_tests_pass_on_an_unchanged_copy(file: str, copied: Copy) -> None:
    ran = copied.tested(*sorted({m.test for m in MUTATIONS if m.test.startswith(f"{file}::")}))
    assert ran.returncode == 0, ran.stdout


@pytest.mark.long
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.file}: {m.new.partition(chr(10))[0]}")
def test_no_mutation_survives(mutation: Mutation, copied: Copy) -> None:
    path = copied.folder / "nanocrystal" / mutation.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        ran = copied.tested(mutation.test)
    finally:
        path.write_text(text, encoding="utf-8")
    assert ran.returncode == FAILED, ran.stdout + ran.stderr
