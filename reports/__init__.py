"""Report into Markdown, HTML, JSON or terminal text."""
