"""A plan to report, made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from nanocrystal.report.plan.result import (
    Plan,
    PlanMap,
    PlannedDataset,
    PlannedParameter,
    PlannedRange,
    PlanTarget,
    UndeterminedParameters,
)
from nanocrystal.report.refined.result import ParameterCorrelations
from support.report_example import CLOSING, HOSTILE

A, B, BLIND = "crystals.x.a", "datasets.iq.level", f"populations.{HOSTILE}.d"
NAN, INF = float("nan"), float("inf")


def parameter(address: str, value: float, stderr: float, known: float, **more: Any) -> PlannedParameter:
    alone = {"iq": stderr, CLOSING: NAN}
    linear = address.startswith("datasets.")
    return PlannedParameter(
        address=address,
        value=value,
        unit="Å",
        linear=linear,
        stderr=stderr,
        stderr_if_others_known=known,
        stderr_alone=alone,
        **more,
    )


def example() -> Plan:
    """Return a plan made by hand: one parameter is not seen, and names are those of an enemy."""
    errors = {A: 0.02, B: 0.5, BLIND: NAN}
    halves = {A: 0.04, B: 1.0, BLIND: NAN}
    return Plan(
        title=f"Planned {HOSTILE}",
        version="0.2.0",
        parameters=[
            parameter(A, 5.87, 0.02, 0.01, description="lattice parameter", scale=0.01, min=1.0, max=1.01),
            parameter(B, 0.0, 0.5, 0.5, scale=1.0),
            parameter(BLIND, 40.0, NAN, INF),
        ],
        datasets=[
            PlannedDataset(name="iq", technique="saxs", n_points=3, noise="1e+04 counts", x=np.array([0.1, 0.2, 0.3])),
            PlannedDataset(name=CLOSING, technique="composition", n_points=1, noise="as stated", counted=False),
        ],
        undetermined={
            "together": UndeterminedParameters(parameters=[BLIND], not_seen=[BLIND]),
            "iq alone": UndeterminedParameters(parameters=[BLIND], not_seen=[BLIND], combinations=[{A: 1.0, B: -0.5}]),
            f"{CLOSING} alone": UndeterminedParameters(parameters=[A, B, BLIND], not_seen=[A, B, BLIND]),
        },
        correlations=ParameterCorrelations(
            [A, B, BLIND], np.array([[1.0, -0.95, NAN], [-0.95, 1.0, NAN], [NAN, NAN, NAN]])
        ),
        against_counts={"0.25": halves, "1": errors},
        range=[
            PlannedRange(dataset="iq", key="qmax", value=0.2, unit="Å⁻¹", as_stated=False, stderr=halves),
            PlannedRange(dataset="iq", key="qmax", value=0.3, unit="Å⁻¹", as_stated=True, stderr=errors),
        ],
        needed=[PlanTarget(address=A, stderr=0.01, planned=0.02, counts_factor=4.0, counts_factor_alone={"iq": None})],
        maps=[
            PlanMap(
                address=A,
                dataset="iq",
                key="qmax",
                unit="Å⁻¹",
                values=np.array([0.2, 0.3]),
                factors=np.array([1.0, 10.0]),
                stderr=np.array([[NAN, 0.02], [0.01, 0.006]]),
            )
        ],
        notes=[f"{A} stands at its bound {CLOSING}"],
        inputs={"x.cif": "0" * 64},
        elapsed_s=1.5,
    )
