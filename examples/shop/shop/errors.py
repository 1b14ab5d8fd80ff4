"""What can go wrong in a way that the caller can do something about."""


class ShopError(Exception):
    """Root of the errors that become an answer of their own; `code` is for programs, the message for people."""

    status = 400
    code = "invalid_request"


class InvalidRequest(ShopError):
    """The request itself is wrong: sending it again will not help."""


class InvalidFields(InvalidRequest):
    """Some fields are wrong; `problems` has a message for each of them, by its name."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))
        self.problems = problems


class Unauthorized(ShopError):
    """Nobody is logged in, or the password is wrong."""

    status = 401
    code = "unauthorized"


class PaymentDeclined(ShopError):
    """The payment service answered, and the answer is no: another card may do."""

    status = 402
    code = "payment_declined"


class NotFound(ShopError):
    """The named thing does not exist, or is not the caller's."""

    status = 404
    code = "not_found"


class Conflict(ShopError):
    """The request is well formed, but what it names is in a state that forbids it."""

    status = 409
    code = "conflict"


class OrderedAlready(Conflict):
    """The cart was ordered, as `order_id`."""

    def __init__(self, cart_id: str, order_id: str) -> None:
        super().__init__(f"cart {cart_id!r} was ordered already, as {order_id!r}")
        self.order_id = order_id


class PaymentUnavailable(ShopError):
    """The payment service did not answer, or not as agreed: the same request may succeed later."""

    status = 504
    code = "payment_unavailable"


class StartError(Exception):
    """The shop can not start; the message names the file or address and the reason."""
