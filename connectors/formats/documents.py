"""Reading one document (JSON or XML) out of a file nobody vouches for: limits on size and depth, one clear error."""

import re
from codecs import BOM_UTF8
from typing import IO, Any, Literal
from xml.etree.ElementTree import ParseError

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from ...core.errors import InputError
from ...core.importing import About, Head, Parsed
from ...core.records.signals import Finding, Outcome, SignalKind, SignalPart

MAX_JSON_BYTES = 256 * 1024 * 1024
"""A JSON document is read whole; a larger one needs several times this in memory."""
MAX_XML_DEPTH = 256
"""Nested elements; the deepest real report we know has about ten."""
MAX_XML_TOKEN_BYTES = 8 * 1024 * 1024
"""One tag with its attributes, or one comment: the parser holds it whole."""
MAX_TEXT = 300
"""Characters of a message kept in a finding."""
_CHUNK_BYTES = 65_536

# Control characters, line and paragraph separators, and marks that reverse the reading direction.
_CONTROL = re.compile("[\x00-\x20\x7f-\xa0\u2028-\u202e\u2066-\u2069]+")


def clean(text: object, limit: int = MAX_TEXT) -> str:
    """Text from a file as one printable line of at most `limit` characters; of anything else its number or its type,
    and nothing of None.

    A list is not written out: Python's `str` gives up on one nested deeper than its own recursion limit.
    """
    if text is None:
        return ""
    shown = str(text) if isinstance(text, str | int | float) else f"a {type(text).__name__}"
    line = _CONTROL.sub(" ", shown[: 4 * limit]).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def finding(rule: object, message: object, severity: str, file: object = None, line: object = None) -> Finding:
    """A finding with cleaned text; a line that is no positive whole number is left out."""
    return Finding(
        rule=clean(rule),
        message=clean(message),
        severity=severity,
        file=clean(file) if file else None,
        line=line if isinstance(line, int) and line > 0 else None,
    )


EMPTY_FILE = Parsed(Outcome.NOT_MEASURED, reason="the file is empty: nothing was measured")
"""What a file without content gives; the import makes it a part of each kind that the format produces."""


def no_value(outcome: Outcome, reason: str, *kinds: SignalKind, tool: str) -> Parsed:
    """A file without a value: the reason stands in the result and in a part of each kind, so that an older part of
    the same name is replaced and not taken for evidence.
    """
    part = SignalPart(tool=tool, outcome=outcome, reason=reason)
    return Parsed(outcome, reason=reason, signals=tuple((kind, part) for kind in kinds))


class JsonFormat:
    """Base of the formats that are one JSON document. Subclasses implement `recognises` and `read`."""

    about: About
    documents: tuple[type, ...] = (dict,)
    """What the whole document may be: an object, for some a list."""

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read the document.

        Raises:
            InputError: too large, not JSON, nested deeper than 1024 (orjson's own limit), or not of this format.
        """
        what = self.about.title
        data = stream.read(MAX_JSON_BYTES + 1)
        if len(data) > MAX_JSON_BYTES:
            raise InputError(
                f"{what}: the file is larger than {MAX_JSON_BYTES >> 20} MiB",
                hint="export less at a time: one project or one tool a file",
            )
        data = data.removeprefix(BOM_UTF8)
        if not data.strip():
            return EMPTY_FILE
        try:
            document = self.loads(data)
        except ValueError as error:
            raise InputError(f"{what}: not JSON: {error}", hint="expected one JSON document in UTF-8") from error
        if not isinstance(document, self.documents):
            expected = " or ".join("an object" if kind is dict else "a list" for kind in self.documents)
            raise InputError(f"{what}: the document is a JSON {type(document).__name__}, expected {expected}")
        return self.read(document)

    def loads(self, data: bytes) -> Any:
        """The document; raises ValueError. For formats that are not quite JSON."""
        return orjson.loads(data)

    def read(self, document: Any) -> Parsed:
        """What the document says."""
        raise NotImplementedError


Ending = Literal["complete", "cut short", "empty"]


class XmlReader:
    """Base of the XML formats: is told of each element as it passes, so a report of any size needs little memory.

    Subclasses implement `opened` and `closed`; names come without namespace. `depth` is that of the current element,
    the root has 1.

    Args:
        what: the format, for the error line.
        roots: names the root element may have; () = any.
    """

    def __init__(self, what: str, roots: tuple[str, ...] = ()) -> None:
        self.what = what
        self.roots = roots
        self.depth = 0
        self._has_root = False
        self._expat: Any = None
        self._text: list[str] = []
        self._text_left = 0

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def closed(self, name: str) -> None:
        """An element ends."""

    def parsed(self) -> Parsed:
        """What the whole document says; called after its end."""
        raise NotImplementedError

    def collect_text(self) -> None:
        """Keep the text that follows, 4 * MAX_TEXT characters at most, until `collected_text`."""
        self._text, self._text_left = [], 4 * MAX_TEXT
        self._expat.CharacterDataHandler = self.data

    def collected_text(self) -> str:
        """The text since `collect_text`."""
        self._expat.CharacterDataHandler = None
        return "".join(self._text)

    def read(self, stream: IO[bytes]) -> Ending:
        """Read the stream to its end.

        Returns:
            "cut short" when the document ends inside an element (the run was killed), "empty" when there is none.

        Raises:
            InputError: not XML, an entity declaration (XML bomb), too deep, one tag too large.
        """
        parser = XMLParser(target=self)
        # The parser that defusedxml guards calls us itself, without ElementTree's Python code in between.
        # Of text it tells only while somebody collects it: half of a report's events are line ends.
        self._expat = expat = parser.parser
        expat.ordered_attributes = False
        expat.StartElementHandler, expat.EndElementHandler = self.start, self.end
        expat.CharacterDataHandler = expat.DefaultHandlerExpand = None
        blank, fed, begun = True, 0, 0
        try:
            while chunk := stream.read(_CHUNK_BYTES):
                if blank:  # XML allows nothing before <?xml, but some tools write a blank line there
                    chunk = chunk.removeprefix(BOM_UTF8).lstrip()
                    blank = not chunk
                parser.feed(chunk)
                fed += len(chunk)
                begun = max(begun, expat.CurrentByteIndex)  # -1 while it waits for more of a long token
                if fed - begun > MAX_XML_TOKEN_BYTES:
                    raise InputError(f"{self.what}: one XML tag is larger than {MAX_XML_TOKEN_BYTES >> 20} MiB")
        except ParseError as error:
            raise InputError(f"{self.what}: not XML: {error}", hint="expected one XML document") from error
        except DefusedXmlException as error:
            raise InputError(
                f"{self.what}: the XML declares an entity, which is refused (a small file could fill the memory)",
                hint="a report needs no <!ENTITY ...>: export it again without",
            ) from error
        except (ValueError, LookupError) as error:  # an encoding that the parser does not know
            raise InputError(f"{self.what}: not XML: {error}", hint="expected UTF-8") from error
        if blank:
            return "empty"
        try:
            parser.close()
        except ParseError as error:
            if not self._has_root:
                raise InputError(f"{self.what}: not XML: {error}", hint="expected one XML document") from error
            return "cut short"
        return "complete"

    # What the parser calls.

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._has_root = True
        self.depth += 1
        if self.depth > MAX_XML_DEPTH:
            raise InputError(f"{self.what}: XML elements nested deeper than {MAX_XML_DEPTH}")
        name = tag.rpartition("}")[2] if "}" in tag else tag
        if self.depth == 1 and self.roots and name not in self.roots:
            expected = " or ".join(f"<{root}>" for root in self.roots)
            raise InputError(f"{self.what}: the root element is <{clean(name, 40)}>, expected {expected}")
        self.opened(name, attributes)

    def end(self, tag: str) -> None:
        """An element ends."""
        self.closed(tag.rpartition("}")[2] if "}" in tag else tag)
        self.depth -= 1

    def data(self, text: str) -> None:
        """Text passes."""
        if self._text_left > 0:
            self._text.append(text[: self._text_left])
            self._text_left -= len(text)


class XmlFormat:
    """Base of the formats that are one XML document: told by the root element, read by an XmlReader.

    Subclasses implement `reader`; where other formats have the same root, `is_mine` looks at its attributes.
    """

    about: About
    roots: tuple[str, ...]

    def recognises(self, head: Head) -> bool:
        """By the root element."""
        name, attributes = xml_root(head)
        return name in self.roots and self.is_mine(attributes, head)

    def is_mine(self, attributes: str, head: Head) -> bool:
        """Whether a root element of this name is of this format."""
        return True

    def reader(self) -> XmlReader:
        """A fresh reader."""
        raise NotImplementedError

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read the document in constant memory, as far as the reader keeps nothing."""
        reader = self.reader()
        ending = reader.read(stream)
        if ending == "empty":
            return EMPTY_FILE
        if ending == "cut short":
            reason = "the XML ends in the middle of an element: the tool was killed or the file cut"
            return Parsed(Outcome.TOOL_FAILED, reason=reason)
        return reader.parsed()


_COMMENT = re.compile("<!--.*?(?:-->|$)", re.DOTALL)
# The first "<" before a letter: declarations start with "<!", processing instructions with "<?".
_ROOT = re.compile(r"""<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)""")


def xml_root(head: Head) -> tuple[str, str]:
    """Name (without namespace) and attribute text of the root element; ("", "") when the head shows none."""
    match = _ROOT.search(_COMMENT.sub("", head.text)) if head.is_xml else None
    return (match[1], match[2]) if match else ("", "")
