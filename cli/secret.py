"""A personal secret as a command gets it: from a file, the environment, or asked for; never an argument."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def approver_options(command: F) -> F:
    """`--approver --justification --secret-file`: who decides, why, and how they prove it."""
    for option in (
        click.option(
            "--secret-file", type=click.Path(path_type=Path), metavar="FILE", help="Holds the approver's secret."
        ),
        click.option("--justification", metavar="TEXT", help="Why; asked for where there is a terminal."),
        click.option("--approver", metavar="ID", help="Approver of aqe.yaml; asked for where there is a terminal."),
    ):
        command = option(command)
    return command


def required(value: str | None, flag: str, question: str) -> str:
    """The value, else the answer to the question.

    Raises:
        InputError: there is no terminal to ask on, or the value is blank.
    """
    from ..core.errors import InputError

    if value is None and sys.stdin.isatty():
        value = click.prompt(question, err=True)
    if value is None or not value.strip():
        raise InputError(f"{flag} is missing" if value is None else f"{flag} is empty", hint=f"give {flag}")
    return value.strip()


def read_secret(file: Path | None, *, confirm: bool = False) -> str:
    """The secret from --secret-file, from AQE_APPROVER_SECRET, else asked for without echo.

    Args:
        file: what --secret-file says.
        confirm: ask twice.

    Raises:
        InputError: neither, and no terminal to ask on.
    """
    from ..core.errors import InputError
    from ..fleet.decisions.approvers import given_secret

    secret = given_secret(file)
    if secret is None and sys.stdin.isatty():
        secret = click.prompt("Secret", hide_input=True, confirmation_prompt=confirm, err=True)
    if not secret:
        raise InputError(
            "no secret is given", hint="give --secret-file FILE or AQE_APPROVER_SECRET; it is never an argument"
        )
    return str(secret)
