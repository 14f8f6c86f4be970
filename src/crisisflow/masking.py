r"""Masking: what in a tweet names or reaches a person is covered wherever a text is shown.

Handles, e-mail addresses, phone-like numbers, and links to a phone or a messenger. A masked text is as long as before,
so that offsets still fit.

The patterns read a plain form of the text, character by character: digits of every script, dashes, blanks, dots and
wide signs are those of ASCII there. Punctuation and extensions of phone numbers are those of libphonenumber's
PhoneNumberMatcher. A number is phone-like from seven digits on, and from six on behind a plus sign or a word such as
`call`. Numbers in words are covered too (1-800-REDCROSS). Not covered: dates, spans of years, amounts of money, numbers
with commas, and numbers in groups of three before a word such as `people`.
"""

import re
import unicodedata
from collections.abc import Iterator

COVER = "•"
AT = "@＠﹫"  # what a handle begins with

MARK, UNSEEN = "\u0300", "\u200b"  # what stands for all combining marks, and for all format characters
_OTHERS = {"\u2212": "-", "\u02d7": "-", "\u2043": "-", "\u2053": "-", "\u223c": "-", "\u2044": "/", "\u3002": "."}
# Dots in the middle of a line, of several scripts.
_OTHERS |= dict.fromkeys("\u00b7\u0387\u2027\u2219\u22c5\u25cf\u25e6\u30fb\uff65", ".")
_OTHERS |= {"\t": " ", "\u201c": '"', "\u201d": '"', "\u2019": "'"}


class _Plain(dict[int, str]):
    """The plain form of each character, as `str.translate` asks for it."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = self._of(chr(code))
        return plain

    @staticmethod
    def _of(character: str) -> str:
        if character in _OTHERS:
            return _OTHERS[character]
        category = unicodedata.category(character)
        if category == "Nd":
            return str(unicodedata.decimal(character))
        if category[0] == "M":
            return MARK
        if category in ("Zs", "Pd", "Cf"):
            return {"Zs": " ", "Pd": "-", "Cf": UNSEEN}[category]
        digit = unicodedata.digit(character, None)
        if digit is not None and "CIRCLED" in unicodedata.name(character):
            return str(digit)
        simple = unicodedata.normalize("NFKC", character)
        simple = _OTHERS.get(simple, simple)
        return simple if simple.isascii() and len(simple) == 1 and category != "No" else character


_PLAIN = _Plain()

# Each pattern is looked for where it can begin, and nowhere within: else a long run of letters, digits or @ takes the
# square of its length.
_WORD = rf"\w{MARK}{UNSEEN}"
_LOCAL = rf"[{_WORD}.!#$%&'*+/=?^`{{|}}~-]"  # RFC 5322's atoms, and letters of every script (RFC 6531)
_HOST = rf"(?:[{_WORD}][{_WORD}-]*(?:\.[{_WORD}-]+)+|\[[\w.:]{{3,50}}\])"
# Of any length, though no mail reaches one with more than 64 characters before its @: it names somebody. Not covered:
# what stands before the @ of a host without a dot.
ADDRESS = rf"(?<!{_LOCAL})(?:{_LOCAL}++|\"[^\"\n]{{1,64}}\")@{_HOST}"
HANDLE = rf"(?<!@)@+[{_WORD}]*[\w{MARK}]"  # it may follow anything, as in RT@someone

_ODD = f"[{MARK}{UNSEEN}]*"
_SIGN = r"[ ()\[\]./~x_\u30fc-]"
_GAP = rf"{_ODD}(?:{_SIGN}{_ODD}){{0,4}}"  # between two digits
_BEHIND = rf"(?<!\d)(?<!\d{_SIGN})"  # where no number is before
_BEFORE = rf"(?!{_GAP}\d)"  # where none goes on
_LABEL = r"[ ,]*(?:e?xt(?:ensi(?:o\u0300?|ó))?n?|int|доб|anexo)"
_EXTENSION = rf"(?i:;ext=\d{{1,20}}|{_LABEL}[:.]?[ ,-]*\d{{1,20}}#?|#\d{{1,9}})"
_EXTENSIONS = rf"(?:{_EXTENSION}|[ ,]*[xX#~][:.]?[ ,-]*\d{{1,9}}#?|[ -]+\d{{1,6}}#)?"
_LEAD = rf"(?:[+(\[]{_GAP}){{0,2}}"
PHONE = (
    rf"{_LEAD}\d(?:{_GAP}\d){{6,}}{_EXTENSIONS}|\+{_GAP}(?:[(\[]{_GAP})?\d(?:{_GAP}\d){{5}}{_EXTENSIONS}"
    rf"|{_LEAD}\d(?:{_GAP}\d){{3,5}}{_EXTENSION}"
)
_THINGS = (
    "(?i:acres|adults|animals|buildings|casualties|children|citizens|customers|dead|deaths|displaced|dollars|euros"
    "|evacuated|evacuees|families|gallons|hectares|homes|homeless|houses|households|injured|inhabitants|killed|kids|km"
    r"|litres|liters|live|lives|meals|men|metric|miles|missing|people|persons|pesos|pounds|refugees|residents|rupees|sq"
    r"|square|students|tonnes|tons|troops|users|victims|volunteers|women|workers)\b"
)
_CUE = r"(?i:tel|telephone|ph|phone|mob|mobile|cell|fax|whatsapp|call|call us|contact|dial)"
CUED = rf"\b{_CUE}\b[ .:#-]{{0,3}}(?P<cued>[+(]?\d(?:{_GAP}\d){{5,}}+(?!,\d){_EXTENSIONS})(?! ?(?:%|{_THINGS}))"
# Numbers in words: 1-800-REDCROSS, (800) RED-CROSS, 0800 REDCROSS, 713-GET-HELP.
_FREE = r"8(?:00|33|44|55|66|77|88)"
_LETTERS = r"(?=[A-Za-z0-9 .-]*?[A-Za-z]{2})"
_CLOCK = r"(?:HOURS?|HRS?|LOCAL|GMT|UTC|[ECMP][SD]?T|[IJ]ST|TODAY|TOMORROW|TONIGHT|ON|AT|TO|IN|AND)\b"  # behind a time
VANITY = (
    rf"(?<![\w.,])(?:\+? ?1[ .-]{{0,2}}[(\[]?{_FREE}[)\]]?[.-]{_LETTERS}"
    r"[A-Za-z0-9]{1,12}(?:[.-][A-Za-z0-9]{1,12}){0,3}"
    rf"|(?:\+? ?1[ .-]{{0,2}}[(\[]?{_FREE}[)\]]?|[(\[]{_FREE}[)\]]|0800|0808|1300|1800)[ .-]{{0,2}}"
    rf"(?!{_THINGS}|{_CLOCK}|\d[\d .-]*{_EXTENSION}){_LETTERS}"
    r"(?=(?:[A-Z0-9][ .-]?){4})[A-Z0-9]{1,12}(?:[ .-][A-Z0-9]{1,12}){0,3}"
    rf"|[(\[]?\d{{3}}[)\]]?[.-](?!{_THINGS})(?=[A-Z0-9.-]*?[A-Z]{{3}})(?=(?:[A-Z0-9][.-]?){{7,10}}(?!\w))"
    r"[A-Z0-9]{2,10}(?:[.-][A-Z0-9]{2,10}){0,2})(?!\w)"
)
LINK = (
    r"(?i:(?<![\w.-])(?:https?://)?(?:wa\.me|(?:api|chat|web)\.whatsapp\.com|t\.me|telegram\.me|m\.me|signal\.me)/"
    r"|(?:whatsapp|tg|viber|sgnl)://)[^\s<>\"]*[^\s<>\".,;:!?)\]']"
)
CALL = rf"(?i:\b(?:tel|sms|callto):)(?:\+|{_LEAD})\d(?:{_GAP}\d)*{_EXTENSIONS}(?:;[\w=+.-]+)*"

_YEAR, _DAY = r"(?:19\d\d|20[0-3]\d)", r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?i:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DATE = rf"(?:{_YEAR}[-/.]{_DAY}[-/.]{_DAY}|{_DAY}[-/.]{_DAY}[-/.]{_YEAR})"
_SHORT_DATE = rf"{_DAY}[-/.]{_DAY}[-/.]\d\d"
_TIME = r"(?= \d\d?[.:]\d\d(?![.:]?\d))"
_MONEY = r"(?:[$€£¥₹₱₦₩₨]|\b(?i:rs|usd|eur|inr|php|npr|lkr|aud|nzd|cad|gbp)\b\.?)"
KEPT = "|".join(
    (
        rf"{_BEHIND}[(\[]?{_DATE}(?: ?[-/~] ?{_DATE})?(?!{_ODD}[-/.~x]?{_ODD}\d)",
        rf"{_BEHIND}[(\[]?{_SHORT_DATE}(?: ?[-/~] ?{_SHORT_DATE})?(?!{_EXTENSION})(?:{_BEFORE}|{_TIME})",
        rf"{_BEHIND}[(\[]?{_YEAR} ?[-/~] ?{_YEAR}{_BEFORE}",
        rf"{_BEHIND}{_YEAR}(?=\. | \d\d?[.:]\d\d ?(?i:[ap]\.?m|h))",
        rf"\b{_MONTH} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}(?!\d)(?!-\d)",
        rf"{_BEHIND}{_DAY}(?:st|nd|rd|th)? {_MONTH},? {_YEAR}(?!\d)(?!-\d)",
        rf"{_BEHIND}\d{{2,5}} ?x ?\d{{2,5}}{_BEFORE}",
        rf"(?<!,){_BEHIND}\d{{1,3}}(?:,\d{{2,3}})++(?:\.\d+)?(?!\d)",
        rf"{_MONEY} ?\d{{1,3}}(?:,\d{{2,3}})++(?:\.\d+)?(?!\d)",
        rf"{_MONEY} ?(?:\d{{1,3}}(?:[ .]\d{{3}})+{_BEFORE}|\d+(?:\.\d\d?)?(?!\d)(?!{_ODD}[-./x~]{_ODD}\d))",
        rf"{_BEHIND}(?<![+(])(?:[1-9]\d{{0,2}}(?:[ .]\d{{3}})+|\d{{1,6}}\.\d\d?){_BEFORE}(?= ?(?:%|{_THINGS}))",
    )
)
_NAMES = re.compile(f"(?P<address>{ADDRESS})|(?P<handle>{HANDLE})")
_NUMBERS = re.compile(rf"(?P<kept>{KEPT})|(?P<private>{LINK}|{CALL}|{VANITY}|{PHONE})|{CUED}")
# The one sign of a text without any of the latter: most have none.
_RARE = re.compile(
    rf"\d(?:{_GAP}\d){{5}}|\d{_EXTENSION}|\d\d\d[)\]]?[.-][A-Za-z0-9]|{_FREE}[)\]]? ?[A-Z]|(?:08|13|18)0[08] ?[A-Z]|(?i:://|\.me/|\.com/|tel:|sms:|callto:)"
)


def _cover(found: re.Match[str]) -> str:
    if found.lastgroup == "kept":
        return found[0]
    start, end = found.span(found.lastgroup or 0)
    return found[0][: start - found.start()] + COVER * (end - start) + found[0][end - found.start() :]


def _plain_form(text: str) -> str:
    """The text with each character as it is read; as long as before."""
    return text if text.isascii() and "\t" not in text else text.translate(_PLAIN)


def names(text: str) -> Iterator[tuple[int, int, bool]]:
    """Where e-mail addresses and handles stand: start, end in code points, and whether it is a handle, in order."""
    if any(sign in text for sign in AT):
        for found in _NAMES.finditer(_plain_form(text)):
            yield *found.span(), found.lastgroup == "handle"


def mask(text: str) -> str:
    """The text with each such stretch covered, character by character."""
    plain = _plain_form(text)
    covered = _NAMES.sub(_cover, plain) if "@" in plain else plain
    covered = _NUMBERS.sub(_cover, covered) if _RARE.search(covered) else covered
    if plain is text or covered is plain:
        return covered if plain is text else text
    return "".join(COVER if new == COVER else old for old, new in zip(text, covered, strict=True))
