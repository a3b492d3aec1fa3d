"""Diffusion by pulsed gradients."""

from nanocrystal.techniques.nmr_diffusion.sizes import DiffusionComponent
from nanocrystal.techniques.nmr_diffusion.technique import NmrDiffusion

__all__ = ["DiffusionComponent", "NmrDiffusion"]
