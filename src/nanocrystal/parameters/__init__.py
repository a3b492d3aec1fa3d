"""What may vary, within what limits, and how it is tied to the rest."""

from nanocrystal.parameters.ceiling import Ceiling, below_ceilings
from nanocrystal.parameters.claim import Assumption, Claim
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
from nanocrystal.parameters.derived import Derivation, DerivedQuantity
from nanocrystal.parameters.evaluation import Evaluation, StoreKey
from nanocrystal.parameters.expression import Expression, parse_expression
from nanocrystal.parameters.given import Declares
from nanocrystal.parameters.meaning import QUANTITIES, UNSAID, Meaning, of_measurement
from nanocrystal.parameters.parameter import Number, Parameter, Quantity, as_parameter, fixed, tied, vary
from nanocrystal.parameters.parameter_set import ParameterSet
from nanocrystal.parameters.values import Here, Values

__all__ = [
    "NO_KEY",
    "ONE_OR_MORE",
    "QUANTITIES",
    "REQUIRED",
    "UNSAID",
    "Assumption",
    "Beside",
    "Ceiling",
    "Claim",
    "DeclaredField",
    "Declares",
    "Derivation",
    "DerivedQuantity",
    "Evaluation",
    "ExactlyOne",
    "Expression",
    "Here",
    "Key",
    "Label",
    "Limits",
    "Meaning",
    "Name",
    "Number",
    "OfQuantity",
    "Parameter",
    "ParameterSet",
    "Quantity",
    "StoreKey",
    "Values",
    "as_parameter",
    "below_ceilings",
    "declared_choice",
    "declared_fields",
    "declared_quantities",
    "fixed",
    "of_measurement",
    "parse_expression",
    "tied",
    "vary",
]
