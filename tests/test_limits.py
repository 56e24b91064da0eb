from ticket_triage.serving.limits import Bucket, Limits


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_the_rate():
    clock = Clock()
    bucket = Bucket(5, clock)
    assert [bucket.take() for _ in range(10)] == [0.0] * 10
    assert 0 < bucket.take() <= 0.2
    clock.now = 1.0
    assert [bucket.take() == 0 for _ in range(6)] == [True] * 5 + [False]
    clock.now = 100.0
    assert sum(bucket.take() == 0 for _ in range(50)) == 10


def test_a_rate_below_one_lets_one_pass_and_says_how_long_to_wait():
    clock = Clock()
    limits = Limits(clock=clock)
    assert limits.bucket("slow", 0.1).take() == 0
    assert limits.bucket("slow", 0.1).take() == 10
    assert limits.bucket("other", 0.1).take() == 0
    clock.now = 10.0
    assert limits.bucket("slow", 0.1).take() == 0


def test_workers_share_a_rate_and_a_new_rate_holds_at_once():
    clock = Clock()
    limits = Limits(workers=2, clock=clock)
    assert sum(limits.bucket("a", 10).take() == 0 for _ in range(100)) == 10
    assert sum(limits.bucket("a", 20).take() == 0 for _ in range(100)) == 20


def test_many_tickets_are_lent_once_and_later_ones_wait_until_they_are_made_up_for():
    clock = Clock()
    bucket = Bucket(0.5, clock)
    assert bucket.take() == 0 and bucket.lend(9) == 0
    assert bucket.lend(1) == 18 and bucket.take() == 20
    clock.now = 20.0
    assert bucket.take() == 0
