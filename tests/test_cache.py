import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client
import servers

from ticket_triage.serving.cache import Recent, Shared
from ticket_triage.serving.said import Said

ANSWER = Said.read(
    b'{"category":{"label":"billing","confidence":0.30000000000000004,"prediction_set":null},"degraded":false}'
)


def test_the_answer_not_asked_for_the_longest_is_forgotten():
    recent = Recent(2)
    one, other, third = (Said.read(b'{"key":"%b"}' % key) for key in (b"a", b"b", b"c"))
    recent.put("a", one), recent.put("b", other)
    assert recent.get("a") and recent.get("c") is None
    recent.put("c", third)
    assert recent.get("a") == one and recent.get("b") is None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[servers.Redis]:
    with servers.Redis(tmp_path) as running:
        yield running


def until(what, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def shared(redis: servers.Redis, near: int = 0) -> Shared:
    cache = Shared(redis.url, Recent(near), seconds=60)
    until(lambda: cache.state() == {"redis": "closed"})
    return cache


@pytest.mark.slow
def test_one_process_answers_from_what_another_kept(redis):
    one, other = shared(redis), shared(redis)
    one.put("k", ANSWER)
    assert other.get("k") == ANSWER and other.get("none") is None
    client = redis_client.Redis.from_url(redis.url)
    assert 0 < client.ttl(one.prefix + "k") <= 60
    for rubbish in ("not JSON", "[1]", "\xff"):
        client.set(one.prefix + "r", rubbish)
        assert one.get("r") is None
    client.rpush(one.prefix + "list", "x")  # an error of Redis is no answer
    assert one.get("list") is None
    other.prefix = "ticket-triage:answer:another-release:"
    assert other.get("k") is None, "which may answer otherwise, or in another shape"


@pytest.mark.slow
def test_redis_hangs_dies_and_comes_back_and_nobody_waits_for_it(redis):
    cache = shared(redis, near=10)
    cache.put("k", ANSWER)
    for stop, go in (
        (
            lambda: redis.process.send_signal(signal.SIGSTOP),
            lambda: redis.process.send_signal(signal.SIGCONT),
        ),
        (redis.kill, redis.start),
    ):
        stop()
        began = time.monotonic()
        assert all(cache.get(f"unknown {number}") is None for number in range(200))
        # One time-out, wherever it is: a wait at each question would be four seconds.
        assert time.monotonic() - began < 1
        assert cache.get("k") == ANSWER and cache.state() == {"redis": "open"}
        go()
        until(lambda: cache.state() == {"redis": "closed"})
        assert cache.get("unknown 1") is None
        cache.put("again", ANSWER)
        assert shared(redis).get("again") == ANSWER


@pytest.mark.slow
def test_a_redis_that_comes_after_the_service_is_used(tmp_path):
    redis = servers.Redis(tmp_path)
    cache = Shared(redis.url, Recent(2), seconds=60)
    cache.put("k", ANSWER)
    assert cache.get("k") == ANSWER and cache.state() == {"redis": "open"}
    with redis:
        until(lambda: cache.state() == {"redis": "closed"})
        cache.close()
