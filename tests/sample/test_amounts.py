"""What a population holds."""

from __future__ import annotations

from typing import Any

import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Population, Sample, SiteOverride, Sphere
from nanocrystal.techniques import Pdf
from support.modelling import calculated, crystal
from support.structures import NICKEL


@pytest.mark.parametrize("basis", ["mass_fraction", "number_fraction", "volume_fraction"])
def test_a_population_whose_sites_are_all_empty_is_refused(basis: Any) -> None:
    """It has neither a mean mass nor a mean form factor."""
    empty = crystal(NICKEL, sites={"Ni": SiteOverride(occupancy=0.0)})
    sample = Sample({"p": Population("x", Sphere(20.0), fraction_basis=basis, fraction=1.0)}, {"x": empty})
    values = declared_parameters(sample, {}).initial_values()
    with pytest.raises(InputError, match=r"populations\.p: holds no atoms.*occupancies"):
        calculated(sample, Pdf(r="1:10:0.1", qmax=20.0))
    with pytest.raises(InputError, match=r"populations\.p: holds no atoms.*occupancies"):
        sample.element_amounts(Evaluation(values))
