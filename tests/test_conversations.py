"""Conversations from reply ids: long threads, missing parents, circles, ids seen before."""

import numpy as np
import pyarrow as pa

from ticket_triage.sources.conversations import MISSING, Conversations, ids, rebuild


def _rebuild(messages: dict[int, int | None] | list[tuple[int, int | None]]) -> Conversations:
    rows = list(messages.items()) if isinstance(messages, dict) else messages
    parents = np.array([MISSING if parent is None else parent for _, parent in rows], np.int64)
    replies = np.array([parent is not None for _, parent in rows], np.bool_)
    return rebuild(np.array([message for message, _ in rows], np.int64), parents, replies)


def test_ids_as_sources_write_them() -> None:
    plain = ["3", "3.0", " 4 ", "900719925474099312", "900719925474099312.0", "4.5", "none", "", None]
    big = 900719925474099312
    assert ids(pa.chunked_array([plain])).tolist() == [3, 3, 4, big, big] + [MISSING] * 4
    assert ids(pa.chunked_array([["3", None]])).tolist() == [3, MISSING]


def test_everything_that_hangs_on_a_message_is_its_conversation() -> None:
    talk = _rebuild({10: 11, 11: 12, 12: None, 13: 11, 20: None, 21: 20})
    assert talk.opener.tolist() == [2, 2, 2, 2, 4, 4]
    assert not any(talk.counts.values())


def test_a_thread_of_fifty_thousand_messages() -> None:
    length = 50_000
    assert (_rebuild({number: number - 1 or None for number in range(1, length)}).opener == 0).all()
    assert (
        _rebuild({number: number + 1 for number in range(length)} | {length: None}).opener == length
    ).all()


def test_messages_below_a_missing_one_are_in_no_conversation() -> None:
    talk = _rebuild({1: 99, 2: 1, 3: None})
    assert talk.opener.tolist() == [-1, -1, 2]
    assert talk.counts["missing_parents"] == 1
    assert talk.counts["in_no_conversation"] == 2


def test_circles_end_and_what_hangs_on_them_is_in_no_conversation() -> None:
    talk = _rebuild({1: 2, 2: 3, 3: 1, 4: 3, 5: 5, 6: 7, 7: 6, 8: None, 9: 8})
    assert talk.opener.tolist() == [-1] * 7 + [7, 7]
    assert talk.counts["in_reply_cycles"] == 7


def test_the_first_of_equal_ids_counts() -> None:
    talk = _rebuild([(1, None), (2, 1), (1, 2), (3, 1), (1, None)])
    assert talk.opener.tolist() == [0, 0, -1, 0, -1]
    assert talk.usable.tolist() == [True, True, False, True, False]
    assert talk.counts["duplicate_ids"] == 2


def test_rows_without_an_id_hang_on_nothing() -> None:
    talk = _rebuild([(MISSING, None), (MISSING, 1), (1, None), (2, MISSING)])
    assert talk.opener.tolist() == [-1, -1, 2, -1]
    assert talk.counts["unreadable_ids"] == 2
    assert talk.counts["missing_parents"] == 1


def test_no_rows() -> None:
    assert _rebuild([]).opener.size == 0
