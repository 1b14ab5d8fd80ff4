"""What the project's own folder and its history tell: changes, owners, migrations, source."""
