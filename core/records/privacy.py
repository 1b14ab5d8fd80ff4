"""What a field of imported data may hold, so that nothing personal is stored as it came.

Every text field of a row or of an imported record carries one of these marks; fleet/imports/redact_rows.py is the one
reader. A field without a mark is refused by a test.
"""

from enum import Enum
from typing import Annotated

REDACTED_KINDS = ("bearer", "card", "email", "iban", "ip", "jwt", "key", "password", "person", "phone", "secret")
"""What free text is searched for (analysis/redaction/redactor.py); the names stand in pseudonyms and in aqe.yaml."""


class Holds(Enum):
    """How a text is treated before it is stored."""

    WORD = "word"
    """A word of our own vocabulary, or digits: kept."""
    ID = "id"
    """A machine's identifier (trace, span, incident): kept while it looks like one, else searched like free text."""
    TEXT = "text"
    """Free text: searched for whatever identifies people or opens doors."""
    URL = "url"
    """A path or URL with its query: searched, values of the query together with their names."""
    JSON = "json"
    """A JSON object of attributes: every value searched together with its name."""
    USER = "user"
    """Names a person, whatever it holds: always a pseudonym."""
    SESSION = "session"
    """Names a person's visit: always a pseudonym."""
    IP = "ip"
    """An address: always a pseudonym."""


Word = Annotated[str, Holds.WORD]
Id = Annotated[str, Holds.ID]
Text = Annotated[str, Holds.TEXT]
Url = Annotated[str, Holds.URL]
Json = Annotated[str, Holds.JSON]
User = Annotated[str, Holds.USER]
Session = Annotated[str, Holds.SESSION]
Ip = Annotated[str, Holds.IP]
