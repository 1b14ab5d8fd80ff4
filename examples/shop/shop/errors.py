"""What can go wrong in a way that the caller can do something about."""


class ShopError(Exception):
    """Root of the errors that become a 4xx answer; `code` is for programs, the message for people."""

    status = 400
    code = "invalid_request"


class InvalidRequest(ShopError):
    """The request itself is wrong: sending it again will not help."""


class NotFound(ShopError):
    """The named thing does not exist."""

    status = 404
    code = "not_found"


class Conflict(ShopError):
    """The request is well formed, but what it names is in a state that forbids it."""

    status = 409
    code = "conflict"


class StartError(Exception):
    """The shop can not start; the message names the file or address and the reason."""
