"""`aqe completion`: scripts that make shells complete."""

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes `aqe` in your shell.

    \b
    Examples: eval "$(aqe completion bash)"        in ~/.bashrc; zsh the same in ~/.zshrc
              aqe completion fish > ~/.config/fish/completions/aqe.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None, "every shell in SHELLS is one that click knows"
    click.echo(found(ctx.find_root().command, {}, "aqe", "_AQE_COMPLETE").source())
