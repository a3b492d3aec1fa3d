"""What may vary, within what limits, and how it is tied to the rest."""

from nanocrystal.parameters.declaration import (
    NO_KEY,
    ONE_OR_MORE,
    REQUIRED,
    Beside,
    DeclaredField,
    ExactlyOne,
    Key,
    Label,
    Limits,
    Name,
    OfQuantity,
    declared_choice,
    declared_fields,
    declared_quantities,
)
from nanocrystal.parameters.evaluation import Evaluation, StoreKey
from nanocrystal.parameters.expression import Expression, parse_expression
from nanocrystal.parameters.given import Declares
from nanocrystal.parameters.parameter import Number, Parameter, Quantity, as_parameter, fixed, tied, vary
from nanocrystal.parameters.parameter_set import ParameterSet
from nanocrystal.parameters.values import Here, Values

__all__ = [
    "NO_KEY",
    "ONE_OR_MORE",
    "REQUIRED",
    "Beside",
    "DeclaredField",
    "Declares",
    "Evaluation",
    "ExactlyOne",
    "Expression",
    "Here",
    "Key",
    "Label",
    "Limits",
    "Name",
    "Number",
    "OfQuantity",
    "Parameter",
    "ParameterSet",
    "Quantity",
    "StoreKey",
    "Values",
    "as_parameter",
    "declared_choice",
    "declared_fields",
    "declared_quantities",
    "fixed",
    "parse_expression",
    "tied",
    "vary",
]
