"""What a text names: numbers of orders and flights, error codes, sums of money."""

import math
import re

_ORDER = re.compile(
    r"""(?<!\w)(?:
        \#\s?\d{4,}
      | (?:order|booking|reservation|confirmation|ref|reference|tracking|case|ticket|invoice|claim|pnr|pedido
            |reserva|commande|bestellung)
        (?:\s?(?:number|num|no|nr|id|code|is|[:\#.])){0,3}\s?(?=[a-z-]{0,10}\d)[a-z\d][a-z\d-]{3,30}
      | \d{3}-\d{7}-\d{7} | 1z[a-z\d]{8,16} | \d{8,22}
    )(?!\w)""",
    re.VERBOSE | re.IGNORECASE,
)
_FLIGHT = re.compile(
    r"(?<!\w)(?:(?i:flight|flt|vuelo|vol|train|bus)\s?(?i:number|no\.?)?\s?#?(?:[A-Z]{2}\s?)?\d{1,4}"
    r"|(?!PS|HP|MP|TV|OS)[A-Z]{2}\d{3,4}|(?:AA|DL|UA|BA|AF|LH|IB|KL|FR|EK|WN|VS|AC|QF|B6|U2)\s\d{2,4})(?!\w)"
)
_ERROR = re.compile(
    r"(?<!\w)(?:0x[\da-f]{2,16}|(?:error|err|code|código|erreur|fehler)(?:\s(?:code|message|no|number))?\s?[:#]?\s?"
    r"(?=[a-z_-]{0,12}\d)[\w-]{2,30}|[a-z]{2,6}-\d{3,8})(?!\w)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"[$€£¥₹]\s?(\d[\d.,]{0,14})|(?<![\w.,])(\d[\d.,]{0,14})\s?"
    r"(?:[$€£¥₹]|(?:usd|eur|gbp|inr|dollars?|euros?|pounds?|bucks|quid|rupees|rs)\b)",
    re.IGNORECASE,
)
_CENTS = re.compile(r"[.,](\d{1,2})$")
_NOT_DIGIT = re.compile(r"\D")


def amount(text: str) -> float:
    """The largest sum of money in a text, whatever its currency; 0 if there is none."""
    return max((_value(match[1] or match[2]) for match in _AMOUNT.finditer(text)), default=0.0)


def _value(written: str) -> float:
    written = written.rstrip(".,")
    cents = _CENTS.search(written)
    whole = _NOT_DIGIT.sub("", written[: cents.start()] if cents else written)
    return float(f"{whole or 0}.{cents[1] if cents else 0}")


def _may_name_an_error(text: str) -> bool:
    lower = text.lower()
    return any(sign in lower for sign in ("-", "0x", "err", "cod", "cód", "fehler"))


def describe(text: str) -> tuple[float, float, float, float]:
    """Of a masked text: names an order, a flight or train, an error code (0 or 1); log1p of the amount."""
    return (
        float(_ORDER.search(text) is not None),
        float(_FLIGHT.search(text) is not None),
        float(_may_name_an_error(text) and _ERROR.search(text) is not None),
        math.log1p(amount(text)),
    )
