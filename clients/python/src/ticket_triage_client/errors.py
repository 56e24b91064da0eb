"""What can go wrong."""


class TriageClientError(Exception):
    """Anything that this client raises."""


class ServiceError(TriageClientError):
    """The service refused: `status` of HTTP, its `sentence`, and after how many seconds to come again, if it said.

    `request_id` is what its log knows the request by.
    """

    def __init__(
        self, status: int, sentence: str, retry_after: float | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after
        self.request_id = request_id


class NoAnswer(TriageClientError):
    """Nobody answered, or not in time, or in no way that the service answers."""
