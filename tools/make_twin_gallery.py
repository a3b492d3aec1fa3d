"""Draw docs/images/twins*.png: patterns of γ-CsPbBr3 with coherent boundaries, explicit networks, and what data see.

Needs `pip install matplotlib`; run from the root of the repository, `python tools/make_twin_gallery.py [NAME …]` with
the names patterns, networks, limits (all by default).
"""

from __future__ import annotations

import sys
import tempfile
from itertools import product
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LogNorm

from nanocrystal.parameters import Values, vary
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.sample import Crystal, Distribution, Population, Prism, Sample, SiteOverride, TwinFamily
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.explicit.networks import BoundaryNetwork, ExplicitCrystal, explicit_crystal
from nanocrystal.sample.order.blocks import BlockLattice, block_lattice
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import TotalScattering

IMAGES = Path("docs/images")
U_ISO = {"Cs": 0.035, "Pb": 0.015, "Br": 0.03}
T110, T001, T110_001 = "1/2<110>{110}", "1/2[001]{110}", "1/2<110>(001)"
NAMES = {T110: "½⟨110⟩{110}", T001: "½[001]{110}", T110_001: "½⟨110⟩(001)"}
KINDS = {"M": ((1, 0), "#c2410c"), "R": ((1, 1), "#7c3aed"), "X": ((0, 1), "#0f766e")}
"""reflections of the superstructure: (h+k, l) mod 2, colour"""
SEED = 13
"""of the network that is drawn"""
DOMAINS = ("#4c6ef5", "#f59f00", "#12b886", "#e64980")
STYLE = {
    "font.size": 9.0, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "axes.titlesize": 9.5, "axes.titlelocation": "left", "legend.frameon": False,
}  # fmt: skip


# ---- patterns -----------------------------------------------------------------------------------

PROBABILITIES = (0.0, 0.01, 0.03, 0.1, 0.2, 0.5)
PANELS = {
    f"{NAMES[T110]}: M and R fade, looks cubic": (T110,),
    f"{NAMES[T001]}: R and X fade, looks tetragonal": (T001,),
    f"{NAMES[T110]} with {NAMES[T110_001]}": (T110, T110_001),
    f"{NAMES[T110]} with {NAMES[T001]}": (T110, T001),
}


def pattern(slips: tuple[str, ...], probability: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Return Q and I(Q) of the published sizes of CsPbBr3 (ACS Nano 11, 3819 (2017), Table 2).

    probability: of a boundary at each plane; None for one in each crystal.
    """
    shape = Prism(Distribution("lognormal", 81.9, 19.7), Distribution("lognormal", 97.9, 19.6))
    twins = {
        f"family{k}": TwinFamily(slip, probability, one_per_crystal=probability is None) for k, slip in enumerate(slips)
    }
    crystal = Crystal.from_library("CsPbBr3-gamma", u_iso=U_ISO)
    settings = TotalScattering(q="0.9:2.45:0.001", background_terms=0)
    curve = simulated_curves(
        Sample({"p": Population("x", shape, twins=twins)}, {"x": crystal}), {"iq": settings}, Path()
    )["iq"]
    return curve["Q"], curve["intensity"]


def mark_superstructure(axes: Axes, low: float, high: float, cell: np.ndarray) -> None:
    """Draw ticks at the reflections of the superstructure in rows above the patterns."""
    for row, (name, (odd, colour)) in enumerate(KINDS.items()):
        every = np.array([hkl for hkl in product(range(5), repeat=3) if ((hkl[0] + hkl[1]) % 2, hkl[2] % 2) == odd])
        q = 2.0 * np.pi * np.linalg.norm(every / cell, axis=1)
        # the glide planes of Pbnm: 0kl only with k even, h0l only with h + l even
        allowed = [not (h == 0 and k % 2) and not (k == 0 and (h + m) % 2) for h, k, m in every]
        q = q[np.array(allowed) & (q > low) & (q < high)]
        at = 0.965 - 0.055 * row
        for bottom, width, alpha in ((at - 0.035, 1.0, 1.0), (0.0, 3.0, 0.07)):
            axes.vlines(q, bottom, at, color=colour, linewidth=width, alpha=alpha, transform=axes.get_xaxis_transform())
        axes.text(1.0, at - 0.015, f" {name}", color=colour, va="center", transform=axes.transAxes, fontweight="bold")


def draw_patterns() -> None:
    cell = np.array(Crystal.from_library("CsPbBr3-gamma", u_iso=U_ISO).structure.cell[:3])
    figure, grid = plt.subplots(2, 2, figsize=(9.6, 6.6), layout="constrained", sharex=True, sharey=True)
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.92, len(PROBABILITIES)))
    _, perfect = pattern((), 0.0)
    for axes, (title, slips) in zip(grid.ravel(), PANELS.items(), strict=True):
        for p, colour in zip(PROBABILITIES, colours, strict=True):
            q, intensity = pattern(slips, p)
            axes.plot(q, 100.0 * intensity / perfect.max(), color=colour, linewidth=1.1, label=f"{p:g}")
        if slips == (T001,):
            q, intensity = pattern(slips, None)
            axes.plot(q, 100.0 * intensity / perfect.max(), "k:", linewidth=1.1, label="one in each crystal")
            axes.legend(handles=axes.lines[-1:], loc="upper left", bbox_to_anchor=(0.05, 0.78))
        axes.set_title(title)
        axes.set_ylim(0.0, 22.0)
        axes.set_yticks(range(0, 21, 5))
        axes.set_xlim(0.95, 2.4)
        mark_superstructure(axes, 1.0, 2.4, cell)
    grid[0, 0].legend(title="probability", ncols=2, loc="upper left", bbox_to_anchor=(0.1, 0.83), handlelength=1.2)
    for axes in grid[1]:
        axes.set_xlabel("Q (Å$^{-1}$)")
    for axes in grid[:, 0]:
        axes.set_ylabel("I(Q), % of the strongest peak")
    figure.savefig(IMAGES / "twins.png", dpi=160)


# ---- networks -----------------------------------------------------------------------------------


def library_crystal() -> tuple[CrystalNow, BlockLattice]:
    crystal = Crystal.from_library("CsPbBr3-gamma", u_iso=U_ISO)
    values = Values({f"crystals.x.{name}": parameter.value for name, (_, parameter) in crystal.declared().items()})
    return crystal.at(values.under("crystals.x")), block_lattice(crystal, None, "crystals.x")


def networks() -> dict[str, ExplicitCrystal]:
    """Return explicit crystals to be drawn, by title."""
    crystal, blocks = library_crystal()
    t110 = TwinFamily(T110, 0.15).boundaries(crystal.crystal, blocks, "t110")
    numbers = (10, 10, 2)
    made = {
        "no boundary": BoundaryNetwork.without(numbers),
        f"one boundary {NAMES[T110]}": BoundaryNetwork.of_planes(numbers, t110, {0: [5]}),
        f"{NAMES[T110]} drawn at p = 0.15": BoundaryNetwork.drawn(
            numbers, blocks, [(t110, [0.15, 0.15])], np.random.default_rng(SEED), start=0
        ),
    }
    return {title: explicit_crystal(crystal, blocks, n) for title, n in made.items()}


def draw_layer(axes: Axes, found: ExplicitCrystal) -> None:
    """Draw one layer of octahedra along c: squares of four Br about each Pb, coloured by domain."""
    labels = np.array([found.crystal.sites[k].label for k in found.sites])
    height = found.positions[:, 2]
    low = np.abs(height - height[labels == "Pb1"].min()) < 1.0
    pb, br, cs = (
        found.positions[chosen][:, :2] for chosen in (low & (labels == "Pb1"), low & (labels == "Br2"), labels == "Cs1")
    )
    domains = found.domains[low & (labels == "Pb1")]
    squares, colours = [], []
    for place, domain in zip(pb, domains, strict=True):
        near = br[np.linalg.norm(br - place, axis=1) < 3.5]
        if len(near) == 4:
            squares.append(near[np.argsort(np.arctan2(*(near - place).T))])
            colours.append(DOMAINS[domain])
    axes.add_collection(PolyCollection(squares, facecolors=colours, alpha=0.35, edgecolors=colours, linewidths=1.0))
    axes.scatter(*cs[height[labels == "Cs1"] < height.min() + 6.0].T, s=5.0, color="#adb5bd", linewidths=0.0)
    axes.scatter(*br.T, s=4.0, color="#495057", linewidths=0.0)
    axes.scatter(*pb.T, s=9.0, color="#212529", linewidths=0.0)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.autoscale_view()


def draw_networks() -> None:
    figure, grid = plt.subplots(1, 3, figsize=(9.6, 3.6), layout="constrained")
    for axes, (title, found) in zip(grid, networks().items(), strict=True):
        draw_layer(axes, found)
        axes.set_title(title, loc="center")
    figure.savefig(IMAGES / "twins_networks.png", dpi=160)


# ---- limits -------------------------------------------------------------------------------------

Q_MAX = np.geomspace(1.9, 25.0, 60)
COUNTS = np.geomspace(1e3, 1e6, 31)
NORM = LogNorm(1e-4, 3e-2)
BACKGROUND = 0.02
STEP = 19.2 / 4999
"""Å⁻¹ between points"""
FREE_SITES = {"Cs1": "xy", "Br1": "xy", "Br2": "xyz"}


def information(twins: dict[str, TwinFamily], free_sites: bool) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Return names, the Jacobian (n_points, n) of all refined parameters, I(Q) + background, and Q, at the truth.

    In units of the strongest peak; refined are cell, u_iso of the four sites, sizes and their spreads, the twins,
    scale, two terms of background and, with free_sites, all coordinates that symmetry leaves free.
    """
    crystal = Crystal.from_library("CsPbBr3-gamma", u_iso=U_ISO)
    at = {name: parameter.value for name, (_, parameter) in crystal.declared().items()}
    sites = {s: SiteOverride(**{k: vary(at[f"sites.{s}.{k}"]) for k in names}) for s, names in FREE_SITES.items()}
    crystal = Crystal.from_library(
        "CsPbBr3-gamma", u_iso={k: vary(u) for k, u in (("Cs1", 0.035), ("Pb1", 0.015), ("Br1", 0.03), ("Br2", 0.028))},
        a=vary(8.207), b=vary(8.255), c=vary(11.759), sites=sites if free_sites else {},
    )  # fmt: skip
    shape = Prism(Distribution("lognormal", vary(80.0), vary(15.0)), Distribution("lognormal", vary(100.0), vary(15.0)))
    sample = Sample({"p": Population("x", shape, twins=twins)}, {"x": crystal})
    grid = f"0.8:25:{STEP:.10f}"
    curve = simulated_curves(sample, {"iq": TotalScattering(q=grid, background_terms=0)}, Path())["iq"]
    q, intensity = curve["Q"], curve["intensity"] / curve["intensity"].max() + BACKGROUND
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ideal.xye"
        np.savetxt(path, np.column_stack([q, intensity, np.ones(len(q))]), fmt="%.12e")
        data = TotalScattering(path, columns=["q", "intensity", "sigma"], background_terms=2)
        problem = bound_problem(sample, {"iq": data}, Path(folder))
    point = problem.point(problem.start)
    names, jacobian = problem.full_jacobian(point, problem.derivatives(point))
    return names, jacobian, intensity, q


def standard_errors(
    jacobian: np.ndarray, intensity: np.ndarray, counts: float, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return standard errors (n,) and correlations (n, n) for so many counts at the strongest peak, Poisson's noise."""
    weighted = jacobian[chosen] * np.sqrt(counts / intensity[chosen])[:, None]
    scale = np.linalg.norm(weighted, axis=0)
    _, s, vt = np.linalg.svd(weighted / scale, full_matrices=False)
    covariance = (vt.T / s**2) @ vt / np.outer(scale, scale)
    errors = np.sqrt(np.diag(covariance))
    return errors, covariance / np.outer(errors, errors)


def draw_limits() -> None:
    figure, grid = plt.subplots(1, 2, figsize=(9.6, 4.0), layout="constrained", sharey=True)
    levels = [3e-4, 1e-3, 3e-3, 1e-2]
    for axes, slip in zip(grid, (T110, T001), strict=True):
        for free_sites in (True, False):
            names, jacobian, intensity, q = information({"x": TwinFamily(slip, vary(0.02))}, free_sites)
            own = names.index("populations.p.twins.x.probability")
            # errors fall as the root of the counts, so one number is enough for each Q_max
            at_one = np.array([standard_errors(jacobian, intensity, 1.0, q <= top)[0][own] for top in Q_MAX])
            errors = at_one[None, :] / np.sqrt(COUNTS)[:, None]
            if free_sites:
                mesh = axes.pcolormesh(Q_MAX, COUNTS, errors, norm=NORM, cmap="magma_r", shading="gouraud")
                lines = axes.contour(Q_MAX, COUNTS, errors, levels=levels, colors="white", linewidths=1.2)
                middle = at_one[np.searchsorted(Q_MAX, 14.0)]
                places = [
                    (14.0, (middle / level) ** 2) for level in levels if COUNTS[0] < (middle / level) ** 2 < COUNTS[-1]
                ]
                axes.clabel(lines, fmt=lambda v: f"{v:g}", fontsize=8, manual=places)
            else:
                axes.contour(Q_MAX, COUNTS, errors, levels=levels, colors="white", linewidths=0.8, linestyles="dotted")
            report(names, jacobian, intensity, q, f"{slip}, coordinates {'free' if free_sites else 'fixed'}")
        axes.set_yscale("log")
        axes.set_xscale("log")
        axes.set_xticks([2, 3, 4, 5, 7, 10, 15, 20, 25], [2, 3, 4, 5, 7, 10, 15, 20, 25])
        axes.minorticks_off()
        axes.set_title(f"{NAMES[slip]}, p = 0.02")
        axes.set_xlabel("Q$_{max}$ (Å$^{-1}$)")
    grid[0].set_ylabel("counts at the strongest peak")
    figure.colorbar(mesh, ax=grid, label="standard error of the probability", pad=0.01)
    figure.savefig(IMAGES / "twins_limits.png", dpi=160)


def report(names: list[str], jacobian: np.ndarray, intensity: np.ndarray, q: np.ndarray, title: str) -> None:
    """Print standard errors and what correlates with the probability, for the text of the page."""
    own = names.index("populations.p.twins.x.probability")
    for top, counts in ((2.0, 1e5), (5.0, 1e5), (20.0, 1e5), (20.0, 1e3)):
        errors, correlations = standard_errors(jacobian, intensity, counts, q <= top)
        order = np.argsort(-np.abs(correlations[own]))[1:6]
        most = ", ".join(f"{names[k].partition('.')[2]} {correlations[own, k]:+.2f}" for k in order)
        print(f"{title}, Q to {top:g}, {counts:g} counts: stderr {errors[own]:.2e}; {most}")


DRAWN = {"patterns": draw_patterns, "networks": draw_networks, "limits": draw_limits}


def main() -> None:
    plt.rcParams.update(STYLE)
    for name in sys.argv[1:] or DRAWN:
        DRAWN[name]()


if __name__ == "__main__":
    main()
