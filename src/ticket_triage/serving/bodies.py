"""JSON read strictly: what two readers could understand differently is refused, in a sentence without its words."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

DEPTH = 16  # of lists and objects in each other; a batch of tickets has 3
MOST = 200_000  # values; a batch of 1,000 tickets has 12,000 at most


class BodyError(ValueError):
    """What is wrong with a body, in a sentence."""


def parse(body: bytes, what: str = "the body") -> Any:
    """The value of a JSON text (RFC 8259) whose objects name each field once (I-JSON, RFC 7493).

    Args:
        what: what a sentence calls it.

    Raises:
        BodyError: it is not UTF-8 or not JSON, is nested deeper than `DEPTH`, holds more than `MOST` values, repeats a
            field, or holds what is no number (NaN, Infinity) or no character (NUL, half a surrogate pair).
    """
    if body.count(b"[") + body.count(b"{") > MOST:  # making that many would take seconds
        raise BodyError(f"{what} holds more than {MOST} values")
    try:
        value = _STRICT.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise BodyError(f"{what} is not UTF-8") from None
    except RecursionError:
        raise BodyError(f"{what} is nested deeper than {DEPTH}") from None
    except BodyError as fault:
        raise BodyError(f"{what} {fault}") from None
    except ValueError:  # also of a number with more digits than Python reads
        raise BodyError(f"{what} is not JSON") from None
    _check(value, what)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyError("names a field twice")
    return found


def _no_number(_: str) -> NoReturn:
    raise BodyError("holds NaN or Infinity, which are no JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)


def _check(value: Any, what: str) -> None:
    level: list[tuple[str, Any]] = [(what, value)]
    left = MOST
    for _ in range(DEPTH + 1):
        left -= sum(len(one) for _, one in level if isinstance(one, list | dict))
        if left < 0:
            raise BodyError(f"{what} holds more than {MOST} values")
        level = [child for name, one in level for child in _children(name, one)]
        if not level:
            return
    raise BodyError(f"{what} is nested deeper than {DEPTH}")


def _children(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, str):
        _check_text(name, value)
    elif isinstance(value, list):
        return [(name, one) for one in value]
    elif isinstance(value, dict):
        for key in value:
            _check_text("the name of a field", key)
        return list(value.items())
    return ()


def _check_text(name: str, text: str) -> None:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise BodyError(f"{_place(name)} holds half a surrogate pair, which is no character") from None
    if "\0" in text:
        raise BodyError(f"{_place(name)} holds the character NUL, which no text has")


def _place(name: str) -> str:
    return f"`{name}`" if name.isidentifier() and len(name) <= 32 else name if " " in name else "a field"
