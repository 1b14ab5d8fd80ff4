"""`aqe skills`: short texts about ways of working, and the commands that serve them."""

import click

from .common import output_options, print_json
from .text import table


@click.group()
def skills() -> None:
    """Ways of working, and the commands that serve them."""


@skills.command("list")
@output_options
def list_(as_json: bool) -> None:
    """Their names and what each is about.

    \b
    Example: aqe skills list
    """
    from ..fleet.project import skills as all_skills

    if as_json:
        print_json([{"name": skill.name, "summary": skill.summary} for skill in all_skills()])
    else:
        click.echo(table(("SKILL", "WHAT IT IS ABOUT"), ((skill.name, skill.summary) for skill in all_skills())))


@skills.command()
@click.argument("name")
@output_options
def show(name: str, as_json: bool) -> None:
    """One of them, as Markdown.

    \b
    Example: aqe skills show shift-right-testing
    """
    from ..fleet.project import skill as find

    found = find(name)
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found.text.strip()}\n\nCommands: {', '.join(found.commands)}")
