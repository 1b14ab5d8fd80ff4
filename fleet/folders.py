"""The project's own folder, `.aqe`."""

from ..config.settings import Settings


def make_data_dir(settings: Settings) -> None:
    """Make it, for this user alone and with a `.gitignore` of its own: its content belongs into no history."""
    is_new = not settings.data_dir.exists()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_new:
        (settings.data_dir / ".gitignore").write_text("*\n")
