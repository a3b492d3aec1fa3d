"""Ties: arithmetic on addresses of parameters, parsed with `ast` and never run as code."""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nanocrystal.errors import InputError

FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
}


def _power(base: float, exponent: float) -> float:
    """Return a power; raises ValueError for a root of a negative number, which Python makes complex."""
    power: float | complex = base**exponent
    if isinstance(power, complex):
        raise ValueError
    return power


_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: _power,
}
_LONGEST = 1000
"""characters of a tie"""
_DEEPEST = 100
"""levels of nesting; a + b + c has two"""


@dataclass(frozen=True)
class Expression:
    """A parsed tie: its text and the addresses it reads, in order of appearance."""

    text: str
    addresses: tuple[str, ...]
    _body: ast.expr

    def value(self, values: Mapping[str, float], where: str) -> float:
        """Return the number the expression has with these values of the addresses.

        Raises InputError where it is not a finite number (a root of a negative number, 1/0, …).
        """
        try:
            result = _evaluate(self._body, values)
        except (ValueError, ZeroDivisionError, OverflowError) as error:
            reason = {
                ValueError: "a root or logarithm of a negative number or of zero",
                ZeroDivisionError: "a division by zero",
                OverflowError: "a number grows too large",
            }[type(error)]
            raise InputError(where, f"the tie {_shown(self.text)} has no value here: {reason}.") from None
        if not math.isfinite(result):
            raise InputError(where, f"the tie {_shown(self.text)} is not a finite number here.")
        return float(result)


def parse_expression(text: str, where: str) -> Expression:
    """Parse a tie such as `2 * crystals.pt.a / sqrt(3)`.

    Allowed are numbers, + − * / **, parentheses, full addresses, and sqrt, exp, log, sin, cos of one
    argument. Raises InputError for anything else.
    """
    if len(text) > _LONGEST:
        raise InputError(where, f"a tie has at most {_LONGEST} characters, this one has {len(text)}.")
    text = " ".join(text.split())
    if not text:
        raise InputError(where, f"the tie is empty; it must be {_ALLOWED}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the parser, about text that is refused below
            body = ast.parse(text, mode="eval").body
        addresses: list[str] = []
        _check(body, addresses, text, where, 0)
    except (SyntaxError, ValueError):  # Python 3.11 has the latter for a null character
        raise InputError(
            where, f"the tie {_shown(text)} is not an arithmetic expression; it must be {_ALLOWED}."
        ) from None
    except (RecursionError, MemoryError):
        raise InputError(where, f"the tie {_shown(text)} is nested too deeply.") from None
    return Expression(text, tuple(dict.fromkeys(addresses)), body)


_ALLOWED = (
    "made of numbers, + - * / **, parentheses, addresses such as crystals.pt.a, and "
    f"{', '.join(FUNCTIONS)} of one argument"
)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")


def _check(node: ast.expr, addresses: list[str], text: str, where: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise InputError(where, f"the tie {_shown(text)} is nested too deeply.")
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
            _check(operand, addresses, text, where, depth + 1)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _BINARY:
            _check(left, addresses, text, where, depth + 1)
            _check(right, addresses, text, where, depth + 1)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            _check(argument, addresses, text, where, depth + 1)
        case ast.Name() | ast.Attribute():
            addresses.append(_address(node, text, where))
        case ast.BinOp(op=ast.BitXor()):
            raise InputError(where, f"the tie {_shown(text)} contains ^; a power is written **.")
        case _:
            part = ast.unparse(node)
            contains = "" if part == text else f" contains {_shown(part)}, which"
            raise InputError(where, f"the tie {_shown(text)}{contains} is not allowed; a tie is {_ALLOWED}.")


def _address(node: ast.expr, text: str, where: str) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise InputError(where, f"the tie {_shown(text)} contains {ast.unparse(node)!r}, which is no address.")
    return ".".join([node.id, *reversed(parts)])


def _evaluate(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=number):
            return float(number)  # type: ignore[arg-type]
        case ast.UnaryOp(op=operator, operand=operand):
            inner = _evaluate(operand, values)
            return -inner if isinstance(operator, ast.USub) else inner
        case ast.BinOp(left=left, op=operator, right=right):
            return _BINARY[type(operator)](_evaluate(left, values), _evaluate(right, values))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return FUNCTIONS[name](_evaluate(argument, values))
        case _:
            return values[_address(node, "", "")]
