"""How a customer of the generated sample writes: a problem, what stands around it, the habits of typing."""

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from ticket_triage.schema import PRIORITIES
from ticket_triage.sources.sample_phrases import ANY, Book
from ticket_triage.sources.sample_voices import Voice, render

SOFT = 0.4  # a category of which more than this share is of low priority gives way to any other in the text

_ENDS = (". ", ". ", ". ", ". ", "! ", "... ", " ", ", ", " - ")
_AND = {"en": " and ", "es": " y ", "fr": " et "}
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


class Written(NamedTuple):
    """A text, the priority that it came to have, and the second topic in it, if any."""

    text: str
    priority: str
    second: str | None


class Writer:
    """Writes the tickets of any brand; all chance comes from `draw`."""

    def __init__(self, book: Book, draw: Iterator[int]) -> None:
        self.book = book
        self.draw = draw
        self.rates = book.world.rates
        self.calm = {name: category.calm for name, category in book.categories.items()}
        self.names = [name for name in self.calm if name != "other"]

    def write(self, voice: Voice, category: str, priority: str, sentiment: str, language: str) -> Written:
        """A ticket of this category and priority, or a higher one if its second topic is more urgent."""
        rates, chance = self.rates, self._chance
        problem, priority, second, escalation = self._problem(voice, category, priority, language)
        before: list[str] = []
        after = [problem]
        talk = 0.3 if self.calm[category] == 1 else 1.0  # who wants nothing explains little
        if chance(rates.context * talk):
            (before if chance(0.3) else after).append(self._say(voice, language, "context"))
        if (rival := self._other(voice, category, self.names)) and chance(rates.mention * talk):
            mention = self._say(voice, language, "mention")
            mention = mention.replace("{topic}", self._say(voice, language, "topics", rival))
            (before if chance(0.3) else after).append(mention)
        if escalation:
            (before if chance(0.25) else after).append(escalation)
        elif priority != "high" and chance(rates.decoy * talk):
            after.append(self._say(voice, language, "decoy"))
        if chance(rates.closer * talk):
            after.append(self._say(voice, language, "closer", sentiment))
        if chance(rates.personal):
            after.append(self._say(voice, language, "personal"))
        body = self._typed(before + after, language)
        if chance(rates.opener):
            opener = self._say(voice, language, "opener", sentiment)
            joint = self._one((", ", " ", "! ", ". ", "... "))
            body = (
                opener
                + joint
                + (body[0].lower() + body[1:] if joint in (", ", " ") and body[1:2].islower() else body)
            )
        return Written(self._tagged(voice, body, sentiment, language), priority, second)

    def wordless(self, voice: Voice) -> str:
        """A handle or a link, perhaps a sign, and not one word."""
        sign = self._one(self.book.wordless)
        return (f"@{voice.brand.handle} {sign}" if self._chance(0.6) else f"{sign} {self._link()}").strip()

    def again(self, voice: Voice, text: str, language: str) -> str:
        """The same text sent again, with a word more."""
        word = self._say(voice, language, "again")
        return f"{text} {word}" if self._chance(0.6) else f"{word} {text}"

    def message(self, voice: Voice, language: str, kind: str) -> str:
        """A later message: `replies` are the company's, `followups` the customer's."""
        text = self._say(voice, language, kind)
        return text.replace("https://t.co/LINK", self._link()) if "LINK" in text else text

    def _problem(
        self, voice: Voice, category: str, priority: str, language: str
    ) -> tuple[str, str, str | None, str | None]:
        rates, chance = self.rates, self._chance
        wanted, escalation = priority, None
        if priority == "high" and self.calm[category] < SOFT and chance(rates.escalated):
            kind = category if (language, "escalation", category) in voice.clauses and chance(0.6) else ANY
            wanted, escalation = "medium", self._say(voice, language, "escalation", kind)
        mine, found = self._state(voice, category, language, wanted)
        priority = priority if escalation else found
        if chance(rates.second_topic) and self.calm[category] < 1:
            second = self._other(voice, category, self._weaker(category))
            if second:
                theirs, also = self._state(
                    voice, second, language, "low" if chance(self.calm[second]) else "medium"
                )
                priority = max(priority, also, key=PRIORITIES.index)
                return (
                    self._joined(voice, language, "second_topic", mine, theirs),
                    priority,
                    second,
                    escalation,
                )
        elif chance(rates.settled_topic) and self.calm[category] < 1:
            rival = self._other(voice, category, [name for name, calm in self.calm.items() if calm < SOFT])
            if rival:
                theirs, _ = self._state(voice, rival, language, "high" if chance(0.6) else "medium")
                return (
                    self._joined(voice, language, "settled_topic", mine, theirs),
                    priority,
                    None,
                    escalation,
                )
        return mine, priority, None, escalation

    def _joined(self, voice: Voice, language: str, kind: str, mine: str, theirs: str) -> str:
        frame = self._say(voice, language, kind)
        frame = frame.replace("{a}", mine).replace("{A}", _sentence(mine))
        return frame.replace("{b}", theirs).replace("{B}", _sentence(theirs))

    def _state(self, voice: Voice, category: str, language: str, wanted: str) -> tuple[str, str]:
        pool, found = voice.statements[category, language, wanted]
        return render(pool[next(self.draw) % len(pool)], self.draw).replace(" ,", ",").replace(
            "  ", " "
        ).strip(), found

    def _weaker(self, category: str) -> list[str]:
        # A problem beats a grumble, a grumble a question; of two problems the writer says which weighs more.
        mine = self.calm[category]
        return [name for name, calm in self.calm.items() if calm < 1 and (mine < SOFT or calm > mine)]

    def _other(self, voice: Voice, category: str, among: list[str]) -> str | None:
        names = [name for name in among if name != category and name in voice.rivals]
        if not names:
            return None
        sums = list(accumulate(voice.rivals[name] for name in names))
        return names[bisect(sums, next(self.draw) / (1 << 30) * sums[-1])]

    def _typed(self, sentences: list[str], language: str) -> str:
        rates, chance = self.rates, self._chance
        end = self._one(_ENDS)
        capitals = not chance(rates.lower_case)
        text = ""
        for sentence in sentences:
            sentence = (
                sentence[0].upper() + sentence[1:]
                if capitals and not text.endswith((", ", "- "))
                else sentence
            )
            text += sentence + (" " if sentence[-1] in "?!.)" else end)
        text = (
            text.rstrip(" ,-")
            if chance(0.75)
            else text.rstrip(" ,-.") + self._one(("!", "!!", "??", "...", ""))
        )
        if not capitals:
            text = text.lower()
        elif chance(rates.upper_case):
            text = text.upper()
        if chance(rates.shorthand):
            text = " ".join(self.book.shorthand.get(word, word) for word in text.split(" "))
        if chance(rates.typo):
            for _ in range(1 + next(self.draw) % 3):
                text = self._mistyped(text)
        if chance(rates.entity):
            text = text.replace(_AND[language], " &amp; ", 1)
        return text

    def _mistyped(self, text: str) -> str:
        at = next(self.draw) % len(text)
        pair = text[at : at + 2]
        if not (len(pair) == 2 and pair.isalpha()):
            return text
        return (
            text[:at] + (pair[::-1], pair[0], pair[1], pair[0] + pair)[next(self.draw) % 4] + text[at + 2 :]
        )

    def _tagged(self, voice: Voice, body: str, sentiment: str, language: str) -> str:
        rates, chance, brand = self.rates, self._chance, voice.brand
        if chance(rates.emoji):
            sign = self._say(voice, language, "emoji", sentiment)
            body += " " + sign.replace(">", "&gt;").replace("<", "&lt;")  # as the Kaggle file has them
        if chance(rates.hashtag):
            body += " " + self._say(voice, language, "hashtag", sentiment)
        place = next(self.draw) % 100
        if place < 48:
            body = f"@{brand.handle} {body}"
        elif place < 60:
            body = f"@{brand.id} {body}"
        elif place < 74:
            body = f"{body} @{brand.handle if place < 68 else brand.id}"
        if chance(rates.link):
            body = f"{body} {self._link()}"
        if chance(rates.mojibake):
            body = body.replace("'", "’").encode("utf-8").decode("cp1252", "ignore")
        return body

    def _say(self, voice: Voice, *key: str) -> str:
        pool = voice.clauses[key]
        return render(pool[next(self.draw) % len(pool)], self.draw)

    def _one(self, options: tuple[str, ...] | list[str]) -> str:
        return options[next(self.draw) % len(options)]

    def _chance(self, rate: float) -> bool:
        return next(self.draw) < rate * (1 << 30)

    def _link(self) -> str:
        number = next(self.draw) * (1 << 30) + next(self.draw)
        return "https://t.co/" + "".join(_LETTERS[number // 58**i % 58] for i in range(10))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text[-1] in "?!." else ".")
