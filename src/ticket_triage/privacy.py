"""Personal data found by its shape and its check digits; names of people have no shape and are not found."""

import ipaddress
import re
from collections.abc import Callable

TOKENS = ("<email>", "<phone>", "<card>", "<iban>", "<ip>", "<ssn>", "<address>")
PASSES = 5  # what stands hard by something masked is only seen to stand alone in the next pass

# Lengths of the IBAN by country (SWIFT IBAN Registry): what follows one in a sentence is no part of it.
_IBAN_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        """AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29
        ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20
        LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25
        QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20""",
    )
}

_SPLIT = "[ .\\-\u2010-\u2013]"  # between the groups of a number
# A number stands alone: not in a word, a link, a hashtag or a longer number; `_` around it only makes it stand out.
_WORD = r"(?<![^\W_])(?<![^\W_]_)(?<![^\W_]__)"
_START = rf"{_WORD}(?<![@#/])(?<!\d[.,:])(?<!\w-)"
_DONE = r"(?!_{0,2}[^\W_])"
_END = r"(?!_{0,2}[^\W_]|@|[-/.,:]\d)"

_GROUP = rf"(?:(?:{_SPLIT}|/)(?:\d{{2,4}}|\(\d{{2,4}}\)))"
# The next number begins, which would make one of both that is too long to be any.
_NEXT = rf"(?={_SPLIT}00[1-9]\d{{0,2}}{_GROUP}{{2}})"

_IBAN = re.compile(rf"{_WORD}[A-Z]{{2}}\d\d(?=(?:[ -]?[A-Z0-9]){{11}})", re.IGNORECASE)

# The first digits that card networks issue (ISO/IEC 7812), in the ways that cards print them.
_CARD = re.compile(
    rf"""{_WORD}(?<!\d[.,:-])(?=4|5[0-8]|2[2-7]|3[04-9]|6)
    (?:\d{{13,19}}|\d{{4}}(?:{_SPLIT}\d{{4}}){{3}}|\d{{4}}{_SPLIT}\d{{6}}{_SPLIT}\d{{4,5}}){_END}""",
    re.VERBOSE,
)

_EMAIL = re.compile(
    r"""
      (?<![\w.%+-])(?:\w++')?[\w%+-][\w.%+-]*+@[\w-]++(?:\.[\w-]++)*\.[^\W\d_]{2,24}(?![^\W_])
    | (?<![\w.%+-])[\w%+-][\w.%+-]*+\s?[(\[]\s?at\s?[)\]]\s?[\w-]{1,63}
      (?:\s?[(\[]\s?dot\s?[)\]]\s?|\.)[^\W\d_]{2,24}\b
    | (?<![\w.%+-])[\w%+-]{1,64}[\d._][\w.%+-]*+\ at\ [\w-]{1,63}
      \ dot\ (?:com|org|net|co|io|edu|gov|uk|de|fr|es|eu)\b
    | \b__email__\b
    """,
    re.VERBOSE | re.IGNORECASE,
)

_SHAPES = rf"""
    (?:1{_SPLIT})?(?:\(\d{{3}}\)[ ]?|\d{{3}}{_SPLIT})\d{{3}}{_SPLIT}\d{{4}}  # North America
  | (?:\(0\d{{1,4}}\)|0(?!00)\d{{1,4}})(?:{_SPLIT}|/){{0,2}}(?<!\d)\d{{3,4}}{_SPLIT}?\d{{3,5}}  # a trunk 0
  | 0\d(?:{_SPLIT}\d\d){{4}}                                                 # France
  | 07\d{{9}} | 0[67]\d{{8}} | 04\d{{8}} | 0[789]0\d{{8}}                    # mobiles: UK, FR, AU, JP
  | [679]\d\d(?:[ -]\d{{3}}){{2}} | [679]\d\d(?:[ ]\d\d){{3}}                # Spain
  | \(\d\d\)[ ]?9?\d{{4}}-?\d{{4}} | \d\d[ ]9\d{{4}}-\d{{4}}                 # Brazil
  | (?:33|55|56|81)[ ]\d{{4}}[ ]\d{{4}}                                      # Mexico
  | [6-9]\d{{4}}[ -]\d{{5}}                                                  # India
"""

_NUMBER = re.compile(
    rf"""
    (?P<keep>  # what looks like a telephone number after these words is the number of a thing
        \b(?:order|booking|reservation|confirmation|ref|reference|tracking|case|ticket|invoice|serial|account
            |acct|claim|parcel|package|shipment|consignment|item|sku|model|part|po|rma|policy|flight|imei|sr|s/n
            |pin|bestellung|pedido|commande|reserva|factura|facture)
        (?:[\s:.\#=-]|\b(?:number|num|no|nr|id|is|code)\b){{1,5}}
        (?:{_SHAPES}|\d[\d-]{{6,21}}|(?:\d{{4}}\ ){{3,5}}\d\d){_END}
    )
  | (?P<told>  # any digits after these words are a telephone number
        \b(?:call(?:ed|ing)?|phone|telephone|tel|mobile|mob|cell|cellphone|fax|whatsapp|sms|dial|ring|text\ me
            |reach\ me|contact\ me|contact\ number|my\ number|my\ no|teléfono|téléphone|telefon
            |móvil)
        (?:[\s:.\#=]|\b(?:me|us|him|her|my|the|is|on|at|back|no|nr|num|number|to|phone|cell|mobile|home
            |work|from|via)\b){{1,6}}
    ){_WORD}(?<![@/])(?P<number>\+?\(?\d(?:[ .()\-\u2010-\u2013]{{0,2}}\d){{6,14}}){_END}
  | (?P<ip>
        {_WORD}(?<!\.)(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?!_{{0,2}}[^\W_]|\.\d)
      | {_WORD}(?:(?<![:.])|(?<=[^\W\d_]:)|(?<=[^\W\d_]\d:))(?=[\da-f:]{{0,38}}?\d)  # also after a word and a colon
        [\da-f]{{0,4}}(?::[\da-f]{{0,4}}){{2,7}}(?:(?<=\d)(?:\.\d{{1,3}}){{3}})?
        (?:(?<!:)|(?<=::))(?!_{{0,2}}[^\W_]|:[^\W_]|::)
    )
  | (?P<ssn>
        \b(?:ssn|social\ security)(?:\s(?:number|no))?(?:[\s:.\#]|\bis\b){{1,4}}
        \d{{3}}[ -]?\d\d[ -]?\d{{4}}{_END}
    )
  | (?P<abroad>
        {_START}(?:\+|00)1{_SPLIT}?\(?\d{{3}}\)?{_SPLIT}?\d{{3}}{_SPLIT}?\d{{4}}{_END}
      | {_START}\+(?!0)\d{{1,3}}(?:{_SPLIT}?\(0\)|{_SPLIT}\d)?
        (?:{_GROUP}{{2,5}}?{_NEXT}|(?:(?:{_SPLIT}|/)?(?:\d{{2,4}}|\(\d{{2,4}}\))){{2,5}}\d?{_END})
      | {_START}00[1-9]\d{{0,2}}(?:{_GROUP}{{2,5}}?{_NEXT}|{_GROUP}{{2,5}}{_END}|{_GROUP}{{1,3}}{_SPLIT}\d{{5,9}}{_END})
      | {_START}00(?:3[0-469]|4[013-9]|351|353|91)\d{{8,11}}{_END}
    )
  | (?P<phone>
        {_START}(?<![$€£¥₹])(?:{_SHAPES})(?:[ ]?(?:x|ext\.?)[ ]?\d{{1,5}})?{_END}(?![ ]?[€£$])
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)

_ADDRESS = re.compile(
    rf"""
    \b(?-i:[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]?)\ (?!\d(?:gb|tb|am|pm|st|nd|rd|th|hr)\b)
    (?-i:\d[ABD-HJLNP-UW-Z]{{2}})\b  # a postcode of the UK
  | {_WORD}p\.?\ ?o\.?\ box\ \d{{1,6}}{_DONE}
  | {_START}\d{{1,4}}(?:\ bis)?,?\ (?:rue|avenue|boulevard|impasse|allée)(?:\ (?:de|du|des|la|le|les))*
    (?-i:\ [A-ZÉ][\w'-]{{1,30}}){{1,3}}
  | {_START}\d{{1,5}}[a-z]?,?\ (?-i:[A-Z][\w'.-]{{0,30}}\ ){{1,4}}
    (?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|terrace|square|sq
        |parkway|pkwy|highway|hwy|close|crescent|circle){_DONE}
  | {_START}\d{{1,5}}[a-z]?,?\ (?!(?:the|a|my|your|this|that|in|on|of|to|days?|hours?|min|minutes?|miles?
        |cars?|weeks?|star|blocks?)\b)[a-z]{{3,30}}\ (?:street|avenue|boulevard|lane|road){_DONE}
  | {_WORD}(?:calle|avenida|avda|plaza|paseo)\.?(?:\ (?:de|del|la|las|los))*
    (?-i:\ [A-ZÁÉÍÓÚ][\w'-]{{1,30}}){{1,3}},?(?:\ n[º°o]\.?)?\ ?\d{{1,4}}{_DONE}
  | {_WORD}(?-i:[A-ZÄÖÜ])[\w-]{{2,30}}(?:straße|strasse|str\.)\ \d{{1,4}}[a-z]?{_DONE}
    """,
    re.VERBOSE | re.IGNORECASE,
)

# What each of them cannot do without, quick to look for: most texts have none of it.
_JOINT = re.compile(r"@(?<=\w@)\w")  # begins with a letter that is looked for at once
_SPELLED = re.compile(r"[(\[]\s?at\s?[)\]]| dot |__email", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"\d(?:(?<![@\d]\d)(?:\W{0,3}\d){5}|\.\d{1,3}\.\d)|:[\da-fA-F]{0,4}:")
_LONE = re.compile(r"(?<![^\W_])(?<![@/.])\d")
_LETTERS = re.compile(r"[a-z]+")
_POSTCODE = re.compile(r"\ \d[ABD-HJLNP-UW-Z]{2}\b")
_PLACES = frozenset(
    re.findall(
        r"\w+",
        """box street st road rd avenue ave lane ln drive dr boulevard blvd court ct place pl terrace square sq parkway
        pkwy highway hwy close crescent circle rue impasse calle avenida avda plaza paseo""",
    )
)
_VERSION = re.compile(
    r"(?:version|build|firmware|release|update|driver|software|ios|android|\bv)[\s:.]*$", re.IGNORECASE
)
_DATE = re.compile(r"\d{1,2}([./ -])\d{1,2}\1(?:19|20)?\d\d|(?:19|20)\d\d([./ -])\d{1,2}\2\d{1,2}")


def luhn(digits: str) -> bool:
    """Whether the last digit is the right check digit (ISO/IEC 7812-1, annex B)."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(value - 9 * (value > 9) for value in doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether a text without spaces, in upper case, is an IBAN (ISO 13616: length by country, mod 97)."""
    if len(text) != _IBAN_LENGTHS.get(text[:2]) or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def hide(text: str) -> str:
    """Put a token of TOKENS in the place of every e-mail address, telephone number, card, bank account, IP
    address, social security number and postal address.

    Numbers of orders, bookings, flights and versions, amounts and dates are left; so are handles (`@brand`).
    Idempotent, but for texts built to defeat it; linear in the length of `text`.
    """
    for _ in range(PASSES):
        before, text = text, _pass(text)
        if text == before:
            break
    return text


def _pass(text: str) -> str:
    if _JOINT.search(text) or (_may_spell_an_address(text) and _SPELLED.search(text)):
        text = _EMAIL.sub("<email>", text)
    text = text.replace("__credit_card__", "<card>")
    if not _DIGIT.search(text):
        return text
    if _RUN.search(text):
        text = _replace(text, _IBAN, _iban_end, "<iban>")
        text = _replace(text, _CARD, _card_end, "<card>")
        text = _NUMBER.sub(_number, text)
    if _LONE.search(text) and _may_name_a_place(text):
        text = _ADDRESS.sub("<address>", text)
    return text


def _may_spell_an_address(text: str) -> bool:
    return "(" in text or "[" in text or "_" in text or " dot " in text.lower()


def _may_name_a_place(text: str) -> bool:
    if not text.isascii() or _POSTCODE.search(text):
        return True
    lower = text.lower()
    return "str." in lower or "strasse" in lower or not _PLACES.isdisjoint(_LETTERS.findall(lower))


def _replace(text: str, candidate: re.Pattern[str], end: Callable[[re.Match[str]], int], token: str) -> str:
    """Replace candidates up to where `end` says; one with no end is none, and its rest is looked at again."""
    parts, done, place = [], 0, 0
    while match := candidate.search(text, place):
        place = match.start() + 1
        if found := end(match):
            parts += [text[done : match.start()], token]
            done = place = found
    return "".join([*parts, text[done:]])


def _iban_end(match: re.Match[str]) -> int:
    length = _IBAN_LENGTHS.get(match[0][:2].upper(), 0)
    end, letters = match.start(), ""
    while len(letters) < length and end < len(match.string):
        letter = match.string[end]
        if letter.isalnum():
            letters += letter.upper()
        elif letter not in " -":
            break
        end += 1
    return end if is_iban(letters) else 0


def _card_end(match: re.Match[str]) -> int:
    return match.end() if luhn("".join(filter(str.isdigit, match[0]))) else 0


def _number(match: re.Match[str]) -> str:
    kind, found = match.lastgroup, match[0]
    if match["told"]:
        return found if _DATE.fullmatch(match["number"]) else f"{match['told']}<phone>"
    if kind == "ip":
        before = match.string[max(0, match.start() - 16) : match.start()]
        return found if _VERSION.search(before) or not _is_ip(found) else "<ip>"
    if kind == "abroad":
        return "<phone>" if 8 <= sum(map(str.isdigit, found)) <= 17 else found
    return found if kind == "keep" else f"<{kind}>"


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
