"""What the data say of each parameter where a standard error misleads: draws from the posterior of a refinement."""

from nanocrystal.refinement.posterior.posterior import (
    Expected,
    Listeners,
    Sampling,
    sample_posterior,
)

__all__ = ["Expected", "Listeners", "Sampling", "sample_posterior"]
