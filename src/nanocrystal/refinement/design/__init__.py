"""What data that are not measured yet would say of each parameter, and of what range and counts they need."""

from nanocrystal.refinement.design.bench import plan_measurement
from nanocrystal.report.plan.result import Plan

__all__ = ["Plan", "plan_measurement"]
