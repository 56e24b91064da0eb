"""Pure string rules: repair what was broken on the way, mask personal data, strip what says nothing.

Each is a total function of one string: no input makes it raise, and its time is linear in the length.
"""

import html
import re
import unicodedata
from functools import lru_cache

import ftfy

from ticket_triage.privacy import TOKENS, hide

URL = "<url>"

_SURROGATE = re.compile("[\ud800-\udfff]")
_AMP = re.compile(r"&(?:amp;|#0{0,5}38;|#x0{0,5}26;)+", re.I)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});", re.I)
# UTF-8 read as Windows-1252: a lead byte seen as a letter, then a continuation byte seen as a symbol.
_MOJIBAKE = re.compile("[ÂÃÅâãäåæçèéðÐÑ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
# Controls, soft hyphen, zero-width and direction marks, variation selectors, tags; white space is kept.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def repair(text: str) -> str:
    """Undo what happened to a text on its way: mojibake, HTML entities (escaped twice too), invisible
    characters, halves of surrogate pairs; every run of white space becomes one space; NFC."""
    if text.isascii() and "&" not in text:
        return " ".join(_INVISIBLE.sub("", text).split())
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _INVISIBLE.sub("", text)
    for _ in range(4):
        if "&" not in text:
            break
        before = text
        text = _ENTITY.sub(_entity, _AMP.sub("&", text))
        if text == before:
            break
    if _MOJIBAKE.search(text):
        text = ftfy.fix_encoding(text)
    text = _INVISIBLE.sub("", text)
    return " ".join(unicodedata.normalize("NFC", text).split())


def _entity(match: re.Match[str]) -> str:
    return html.unescape(match[0])


def mask(text: str) -> str:
    """Repair a text and put a token in the place of all personal data found in it (see `privacy.hide`).

    Repaired first, so that an entity or an invisible character inside an address does not hide it.
    """
    return hide(repair(text))


_TAG = re.compile(
    r"<!--[^<>]{0,500}-->|</?(?:a|abbr|article|b|blockquote|body|br|button|center|code|div|em|font|footer|form|h[1-6]"
    r"|head|header|hr|html|i|iframe|img|input|label|li|link|meta|ol|p|pre|script|section|small|span|strong|style|sub"
    r"|sup|table|tbody|td|th|thead|title|tr|u|ul)\b[^<>]{0,1000}>",
    re.I,
)
_LINK = re.compile(
    r"https?://\S+|\bwww\.\S+|\b[\w-]{1,63}\.(?:com|co|org|net|io|ly|me|uk|de|fr|es)/\S*", re.I
)
_HANDLE = re.compile(r"(?<![\w@])[.]?@\w+:?")
_QUOTES = str.maketrans("’‘`´“”„«»", '\'\'\'\'"""""')


def strip(text: str) -> str:
    """Strip the markup of a repaired text: tags and handles go, links become `<url>`, quotes straight."""
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "/" in text or "www." in text.lower():
        text = _LINK.sub(URL, text)
    if "@" in text:
        text = _HANDLE.sub(" ", text)
    if not text.isascii():
        text = text.translate(_QUOTES)
    return " ".join(text.split())


_GREETING = re.compile(
    r"""(?:\W{0,3}\b(?i:hi|hiya|hello|hey|heya|dear|howdy|good\ (?:morning|afternoon|evening|day)
    |hola|buen[oa]s(?:\ (?:d[ií]as|tardes|noches))?|bonjour|bonsoir|salut|hallo|guten\ (?:tag|morgen))\b
    (?:\ (?i:there|team|all|guys|everyone|everybody|folks|again|sir|madam|support|à\ tous|a\ todos))*
    (?:\ [A-Z]\w{1,30}){0,2}(?=\s*[,!:;-]))
    |(?:\W{0,3}\b(?i:hi|hiya|hello|hey|dear|hola|bonjour|salut|hallo)\b
    (?:\ (?i:there|team|all|guys|everyone|folks|sir|madam))*)""",
    re.VERBOSE,
)
_SIGNATURE = re.compile(
    r"""(?: \^\s?[A-Za-z]{1,3}
    | \b(?i:sent\ (?:from|via)|get\ outlook\ for|envoyé\ de|enviado\ desde|gesendet\ von)\ .{0,60}
    | \b(?i:(?:kind|best|warm|many)?\ ?regards|best\ wishes|yours\ (?:truly|sincerely|faithfully)|sincerely
        |cordialement|saludos|mit\ freundlichen\ grüßen)\b[\s,.!-]{0,4}(?:[A-Z][\w.'-]{0,30}\ ?){0,3}
    | \b(?i:thanks(?:\ (?:again|in\ advance|so\ much|a\ lot))?|thank\ you|thx|cheers|gracias|merci)
        \s?[,–—-]\s?(?:[A-Z][\w.'-]{0,30}\ ?){1,2}
    )[\s.!]{0,4}$""",
    re.VERBOSE,
)
# One of these is in every signature: looking for them is quicker than for a signature.
_CLOSINGS = (
    *("^", "sent ", "outlook", "envoyé", "enviado", "gesendet", "regards", "wishes", "truly", "sincerely"),
    *("faithfully", "cordialement", "saludos", "freundlich", "thank", "thx", "cheers", "gracias", "merci"),
)
_HASHTAG = re.compile(r"#(\w+)")
_CAMEL = re.compile(r"_+|(?<=[a-z])(?<!^[a-z])(?=[A-Z])")
_REPEATED = re.compile(r"([^\s\d_])\1\1+")
EMOJI = re.compile(
    "[\u203c\u2049\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2934-\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"  # no halves of flags, no skin tones
)
_NO_WORD = re.compile(r"[\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")


def clean(text: str) -> str:
    """What a model reads: repaired and stripped, without greeting and signature, hashtags as words, a letter
    or sign at most twice in a row, emoji spelled (`:red_heart:`). Tokens of masked data are kept."""
    return normalise(strip(repair(text)))


def normalise(text: str) -> str:
    """The rest of `clean`, for a text that was repaired and stripped already."""
    text = _REPEATED.sub(r"\1\1", text)
    text = _without(_without_greeting(text), text)
    text = _without(_without_signature(text), text)
    if "#" in text:
        text = _HASHTAG.sub(_words, text)
    if not text.isascii():
        text = _NO_WORD.sub("", EMOJI.sub(_emoji, text))
    return " ".join(text.split()).strip(" ,;-")


def _without_greeting(text: str) -> str:
    match = _GREETING.match(text)
    return text[match.end() :].lstrip(" ,.!:;-") if match else text


def _without_signature(text: str) -> str:
    end = text[-100:]
    lower = end.lower()
    return text[:-100] + _SIGNATURE.sub("", end) if any(word in lower for word in _CLOSINGS) else text


def _without(shorter: str, text: str) -> str:
    """The shorter text, unless nothing would be left to read."""
    return shorter if any(map(str.isalnum, shorter)) else text


def _words(match: re.Match[str]) -> str:
    return _CAMEL.sub(" ", match[1])


def _emoji(match: re.Match[str]) -> str:
    return spell(match[0])


@lru_cache(maxsize=4096)
def spell(emoji: str) -> str:
    """The Unicode name of one emoji as a word, with a space on either side."""
    name = unicodedata.name(emoji, "")
    return f" :{name.lower().replace(' ', '_').replace('-', '_')}: " if name else " "


__all__ = ["EMOJI", "TOKENS", "URL", "clean", "mask", "normalise", "repair", "spell", "strip"]
