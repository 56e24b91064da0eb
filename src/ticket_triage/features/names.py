"""The names of all features, by kind, and what each is in a line."""

TEXT = "clean_text"
UNKNOWN = "unknown"  # the value of a category that a ticket does not have

_NUMERIC = {
    "characters": "length in characters, markup aside",
    "words": "length in words",
    "mean_word_length": "letters a word",
    "readability": "automated readability index: the school grade that can read it",
    "sentiment": "tone from -1 to 1 (VADER)",
    "urgency_words": "words of urgency: now, today, stranded",
    "repeat_contact": "words of having asked before: again, third time, no reply",
    "negations": "words of negation: not, never, can't",
    "starts_with_question": "begins with a question word",
    "product_words": "words for products and devices: app, phone, router",
    "capitals_share": "capitals among the letters",
    "shouted_words": "words of three or more letters all in capitals",
    "exclamations": "exclamation marks",
    "questions": "question marks",
    "punctuation_share": "punctuation among the characters",
    "digits_share": "digits among the characters",
    "emoji": "emoji",
    "urls": "links",
    "hashtags": "hashtags",
    "handles": "handles that it speaks to",
    "masked": "pieces of personal data that were masked",
    "order_number": "names an order, booking or tracking number",
    "flight_number": "names a flight, train or bus",
    "error_code": "names an error code",
    "amount": "natural logarithm of 1 + the largest sum of money named",
    "earlier_tickets": "earlier tickets of the same customer; none known counts as 0",
    "age_hours": "hours between being written and being received",
}
_CATEGORICAL = {
    "language": "language of the text (CLD2)",
    "addressed": "the handle that it speaks to first, in most cases the brand's",
    "channel": "channel it came by",
    "tier": "tier of the customer",
}
_CALENDAR = {
    "business_hours": "written Monday to Friday from 9 to 17 UTC",
    "hour_sine": "hour of the day, as a circle",
    "hour_cosine": "hour of the day, as a circle",
    "weekday_sine": "day of the week, as a circle",
    "weekday_cosine": "day of the week, as a circle",
    "season_sine": "day of the year, as a circle",
    "season_cosine": "day of the year, as a circle",
}

NUMERIC = tuple(_NUMERIC)
CATEGORICAL = tuple(_CATEGORICAL)
CALENDAR = tuple(_CALENDAR)
DESCRIPTIONS = {TEXT: "the text as models read it", **_NUMERIC, **_CATEGORICAL, **_CALENDAR}
