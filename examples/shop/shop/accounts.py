"""Customers: who they are, and who is logged in."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from .db import Connection
from .errors import Unauthorized

# How long a login holds; afterwards its token means nobody.
LOGIN_LASTS = timedelta(hours=12)


@dataclass(frozen=True)
class Account:
    """A customer; `id` is a pseudonym fit for the logs."""

    id: str
    email: str
    name: str


@cache
def _nobodys_hash() -> str:
    return generate_password_hash(secrets.token_hex())


def authenticate(connection: Connection, email: str, password: str) -> Account:
    """The account of this e-mail address (in any case) and password.

    Raises:
        Unauthorized: one of them is wrong. The message does not say which, and an unknown address costs the time of a
            wrong password: neither tells who is a customer.
    """
    row = connection.execute(
        "SELECT id, email, name, password_hash FROM accounts WHERE email = :email", {"email": email.strip().lower()}
    ).fetchone()
    known = row["password_hash"] if row else _nobodys_hash()
    if not check_password_hash(known, password) or row is None:
        raise Unauthorized("the e-mail address or the password is wrong")
    return Account(row["id"], row["email"], row["name"])


def log_in(connection: Connection, account: Account, now: datetime) -> str:
    """Begin a login; its token, which whoever holds it is taken for the account."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO logins (token, account_id, begun_at) VALUES (:token, :account, :now)",
        {"token": token, "account": account.id, "now": now.isoformat()},
    )
    return token


def log_out(connection: Connection, token: str) -> None:
    """End the login of this token, if there is one."""
    connection.execute("DELETE FROM logins WHERE token = :token", {"token": token})


def logged_in(connection: Connection, token: str, now: datetime) -> Account | None:
    """Whose login this token is; None for an unknown, ended or outlived one."""
    row = connection.execute(
        "SELECT a.id, a.email, a.name FROM logins AS l JOIN accounts AS a ON a.id = l.account_id"
        " WHERE l.token = :token AND l.begun_at > :since",
        {"token": token, "since": (now - LOGIN_LASTS).isoformat()},
    ).fetchone()
    return row and Account(row["id"], row["email"], row["name"])
