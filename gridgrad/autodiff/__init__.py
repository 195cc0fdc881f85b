"""x."""
from . import _functions, _rules, _special
