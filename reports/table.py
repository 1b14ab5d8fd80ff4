"""All report formats; a new one is a file and a line here."""

from .format import Format
from .html import Html
from .json import Json
from .markdown import Markdown
from .pdf import Pdf
from .terminal import Terminal

FORMATS: tuple[Format, ...] = (Terminal(), Markdown(), Html(), Pdf(), Json())
