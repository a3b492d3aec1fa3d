"""What may vary, within what limits, and how it is tied to the rest."""

from nanocrystal.parameters.declaration import DeclaredField, declared_fields, declared_quantities
from nanocrystal.parameters.evaluation import Evaluation, Key
from nanocrystal.parameters.expression import Expression, parse_expression
from nanocrystal.parameters.parameter import Number, Parameter, Quantity, as_parameter, fixed, tied, vary
from nanocrystal.parameters.parameter_set import ParameterSet
from nanocrystal.parameters.values import Here, Values

__all__ = [
    "DeclaredField",
    "Evaluation",
    "Expression",
    "Here",
    "Key",
    "Number",
    "Parameter",
    "ParameterSet",
    "Quantity",
    "Values",
    "as_parameter",
    "declared_fields",
    "declared_quantities",
    "fixed",
    "parse_expression",
    "tied",
    "vary",
]
