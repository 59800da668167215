"""The parts of `jsonata-python` that we use, as Any because it ships no types."""

# pyright: reportMissingTypeStubs=false
from typing import Any

import jsonata
import jsonata.functions
import jsonata.jexception
import jsonata.signature
import jsonata.utils

Jsonata: Any = jsonata.Jsonata
Functions: Any = jsonata.functions.Functions
JException: Any = jsonata.jexception.JException
Signature: Any = jsonata.signature.Signature
Utils: Any = jsonata.utils.Utils
