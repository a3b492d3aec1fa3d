"""Wavelengths of the Kα doublet of X-ray tubes, Å.

International Tables for Crystallography C (2004), Table 4.2.2.4: Cr, Fe, Co and Cu after Hölzer et al.,
Phys. Rev. A 56, 4554 (1997); Mo and Ag after Deslattes & Kessler (1985).
"""

from __future__ import annotations

K_ALPHA: dict[str, tuple[float, float]] = {
    "Cr": (2.2897260, 2.2936510),
    "Fe": (1.9360410, 1.9399730),
    "Co": (1.7889960, 1.7928350),
    "Cu": (1.5405929, 1.5444274),
    "Mo": (0.70931715, 0.7136070),
    "Ag": (0.55942178, 0.5638131),
}
"""anode -> Kα1, Kα2"""
