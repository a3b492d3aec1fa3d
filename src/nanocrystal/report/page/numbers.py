"""Numbers as text: plain ones, and ones with an uncertainty in brackets.

The bracket notation is that of crystallography: 3.9257(9) means 3.9257 ± 0.0009. The
uncertainty is rounded to between 2 and 19 units of the last digit shown ("rule of 19").
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN_FROM = 1e-4
_PLAIN_BELOW = 1e6
_DOUBLE_PRECISION = 1e-15


def number(value: float, digits: int = 6) -> str:
    """Return a number with at most `digits` significant digits, trailing zeros left out.

    >>> number(0.25), number(-1.5e-7)
    ('0.25', '−1.5×10⁻⁷')
    """
    if not math.isfinite(value):
        return _not_finite(value)
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded == 0:
        return "0"
    if _PLAIN_FROM <= abs(rounded) < _PLAIN_BELOW:
        return _minus(format(Decimal(repr(rounded)).normalize(), "f"))
    mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{_minus(mantissa)}{_power(int(exponent))}"


def merit(value: float) -> str:
    """Return a figure of merit with three significant digits, trailing zeros kept."""
    if math.isfinite(value) and 1e-3 <= value < 999.5:
        return f"{value:#.3g}".rstrip(".")
    return number(value, 3)


def concise(value: float, stderr: float | None) -> str:
    """Return a value with its standard uncertainty in brackets, in units of the last digit.

    Two digits of the uncertainty are shown where its leading digit is 1, one otherwise. Values
    below 10⁻⁴ or from 10⁶ on are written with a power of ten. Without a usable uncertainty
    (None, zero, not finite, or beyond double precision) the value stands alone.

    >>> concise(3.92571, 0.00087), concise(37.42, 1.26), concise(-0.0000481, 0.0000023)
    ('3.9257(9)', '37.4(13)', '−4.8(2)×10⁻⁵')
    """
    if not math.isfinite(value):
        return _not_finite(value)
    if stderr is None or not math.isfinite(stderr) or stderr <= abs(value) * _DOUBLE_PRECISION:
        return number(value)
    units, exponent = _uncertainty_units(Decimal(repr(float(stderr))))
    rounded = _rounded(Decimal(repr(float(value))), exponent)
    if _PLAIN_FROM <= max(abs(value), stderr) < _PLAIN_BELOW:
        return _bracketed(rounded, units, exponent)
    power = Decimal(units).scaleb(exponent).adjusted()
    if rounded:
        power = max(power, rounded.adjusted())
    return _bracketed(rounded.scaleb(-power), units, exponent - power) + _power(power)


def between(low: float | None, high: float | None, stderr: float) -> str:
    """Return an interval with as many digits as two of a standard error say; one side where the other has no end.

    >>> between(2.0049, 2.2751, 0.102), between(None, 0.02751, 0.011)
    ('2.00 to 2.28', '≤ 0.028')
    """
    first = math.floor(math.log10(stderr)) - 1 if stderr > 0.0 and math.isfinite(stderr) else -6
    ends = [
        "" if end is None else number(round(end, -first), 15) if first > 0 else _fixed(end, -first)
        for end in (low, high)
    ]
    if all(ends):
        return f"{ends[0]} to {ends[1]}"
    return f"≥ {ends[0]}" if ends[0] else f"≤ {ends[1]}" if ends[1] else "none"


def _fixed(value: float, digits: int) -> str:
    """Return a number with so many digits after the point, or with a power of ten where it is far from 1."""
    if 10.0**-digits * 100.0 >= _PLAIN_FROM and abs(value) < _PLAIN_BELOW:
        return _minus(f"{value:.{digits}f}")
    return number(value, max(2, digits + 1 + (math.floor(math.log10(abs(value))) if value else 0)))


def signed(value: float) -> str:
    """Return a number with its sign and one digit after the point."""
    return _minus(f"{value:+.1f}")


def duration(seconds: float) -> str:
    """Return a time in words: seconds below a minute, then minutes and hours."""
    if seconds < 60:
        return f"{number(seconds, 2)} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def counted(count: int, unit: str) -> str:
    """Return a number of things in words, thousands apart: 1 point, 12 345 points."""
    return apart(count) + (f" {unit}" if count == 1 else f" {unit}s")


def apart(count: int) -> str:
    """Return a number with its thousands apart: 12 345."""
    return f"{count:,}".replace(",", "\u202f")


def _uncertainty_units(stderr: Decimal) -> tuple[int, int]:
    """Return (units, exponent): the uncertainty as units × 10^exponent with 2 <= units <= 19."""
    exponent = stderr.adjusted() - 1
    units = int(stderr.scaleb(-exponent).to_integral_value(ROUND_HALF_UP))
    if units >= 20:
        exponent += 1
        units = int(stderr.scaleb(-exponent).to_integral_value(ROUND_HALF_UP))
    return units, exponent


def _rounded(value: Decimal, exponent: int) -> Decimal:
    nearest = value.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_EVEN)
    return nearest if nearest else abs(nearest)


def _bracketed(value: Decimal, units: int, exponent: int) -> str:
    if exponent > 0:
        units *= 10**exponent
        value = value.quantize(Decimal(1))
    return f"{_minus(format(value, 'f'))}({units})"


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def _power(exponent: int) -> str:
    return f"×10{str(exponent).translate(_SUPERSCRIPT)}"


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "undefined"
    return "∞" if value > 0 else f"{MINUS}∞"
