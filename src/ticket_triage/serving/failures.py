"""Every status that is a failure: what it means, and a sentence that comes with it."""

ERRORS = {
    400: (
        "The request is not as described; the sentence names every field that is wrong.",
        "`text` is missing",
    ),
    401: (
        "No key, or one that is not valid.",
        "a key is needed: Authorization: Bearer <key>, or X-API-Key: <key>",
    ),
    403: (
        "The key may not do this.",
        "the key may not do this: it needs the role review, and has predict",
    ),
    404: ("There is no prediction of that id.", "there is no prediction of that id"),
    408: ("The body did not come in time.", "the body was not there after 10 seconds"),
    410: (
        "The version that answered is not loaded any more.",
        "version 2 of ticket-triage is not loaded here any more",
    ),
    413: ("The body is larger than the service takes.", "the body is larger than 262144 bytes"),
    415: (
        "The body is of another type, not UTF-8, or compressed.",
        "the body must be application/json",
    ),
    422: ("The label is not one of the taxonomy's.", "`priority` is one of low, medium, high"),
    429: (
        "More tickets a second than the key may ask for; `Retry-After` says when to come again.",
        "this key's rate is spent: try again in 1 s",
    ),
    500: ("A fault of the service; its log has the place.", "the request failed here; the log says where"),
    503: (
        "The model is not ready, what must be stored cannot be, or, with `Retry-After`, there are more requests than "
        "can be answered.",
        "the model is not ready; the log says why",
    ),
    504: ("The answer took too long.", "the answer took too long"),
}
