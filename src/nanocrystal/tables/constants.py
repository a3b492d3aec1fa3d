"""Constants of nature: the exact values of the SI of 2019, and CODATA 2018 for the unified atomic mass.

E. Tiesinga, P. J. Mohr, D. B. Newell & B. N. Taylor, Rev. Mod. Phys. 93, 025010 (2021).
"""

AVOGADRO = 6.02214076e23
"""1/mol, exact"""
BOLTZMANN = 1.380649e-23
"""J/K, exact"""
ELECTRONVOLT = 1.602176634e-19
"""J, exact"""
ZERO_CELSIUS = 273.15
"""K"""
DALTON = 1.66053906660e-27
"""kg"""
HBAR = 1.054571817e-34
"""J s, exact but for rounding"""
DALTON_PER_A3 = 1.66053906660
"""g/cm³: one atomic mass unit in one Å³"""
