r"""Stack traces of Python, JavaScript, Java and Go: from text to frames, and to a fingerprint of the bug behind them.

>>> trace = parse('''Traceback (most recent call last):
...   File "/venv/lib/python3.11/site-packages/flask/app.py", line 917, in full_dispatch_request
...     rv = self.dispatch_request()
...   File "/srv/releases/41/shop/pricing.py", line 6, in price_of
...     return offer["price"]
... KeyError: 'price'
... ''')
>>> trace.error_type, trace.message, trace.frames[0].function
('KeyError', "'price'", 'price_of')
>>> fingerprint(trace)
"KeyError | shop/pricing.py in price_of | 'price'"

A bug is told by its root error's type, by the template of its message and by the innermost function of the
application. Callers are left out on purpose: they differ between browsers, between sync and async code and between
the endpoints that run into one and the same bug. Line numbers, hosts, folders of a deployment and build hashes are
left out because they change with every release.

References: Dang et al., "ReBucket", ICSE 2012 (the frames next to the crash decide); Mozilla Socorro's crash
signatures (the first frame that is not a library's).
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from .log_masks import mask

MAX_CHARS = 65_536
"""Characters of a text that are read, half of them at each end: a cause stands first in Python and last in Java."""
MAX_FRAMES = 200
"""Frames kept, the innermost ones."""

_MAX_LINE_CHARS = 1000
_MAX_NAME_CHARS = 200
_MAX_MESSAGE_CHARS = 300
# Folders that tell where a file lies; more of them would bring in the machine and the release.
_MODULE_PARTS = 2


class Frame(NamedTuple):
    """One call."""

    file: str
    """As the trace says: path, URL, or for Java the class."""
    function: str
    """Without arguments; empty for anonymous code."""
    line: int | None
    in_app: bool
    """False for the standard library, installed packages and generated code."""


class StackTrace(NamedTuple):
    """The root error of a trace; every field is empty when the text does not say."""

    language: str
    """python, javascript, java, go or empty."""
    error_type: str
    message: str
    """First line of it."""
    frames: tuple[Frame, ...]
    """Innermost first; of the root error, or of the nearest error around it that names code of the application."""


class _Section(NamedTuple):
    """One error of a chain."""

    error_type: str
    message: str
    frames: list[Frame]


def parse(text: str, *, error_type: str | None = None, message: str | None = None) -> StackTrace:
    """Read a trace; never raises.

    Args:
        text: the trace, perhaps with log text around it.
        error_type: what the log record says, for traces that do not (Firefox and Safari print frames only).
        message: likewise.
    """
    lines = _lines(text)
    for language, read in _LANGUAGES if _IN_EVERY_TRACE.search(text) else ():
        sections = read(lines)
        if any(section.frames for section in sections):
            root = sections[0]
            telling = next((s for s in sections if any(frame.in_app for frame in s.frames)), root)
            return StackTrace(
                language,
                root.error_type or error_type or "",
                root.message or message or "",
                tuple(telling.frames[:MAX_FRAMES]),
            )
    found_type, found_message = _header(lines)
    first_line = next((line.strip() for line in lines if line.strip()), "")
    return StackTrace("", found_type or error_type or "", found_message or message or first_line, ())


def bounded(text: str) -> str:
    """The part of a text that `parse` looks at: a short one as it is, else its two ends."""
    if len(text) <= MAX_CHARS:
        return text
    half = MAX_CHARS // 2
    return f"{text[: half - 1]}\n{text[-half:]}"


def fingerprint(trace: StackTrace) -> str:
    """Equal for traces of one bug, in plain text: type, place and template of the message.

    Variants of one JavaScript error in different browsers are made equal first.
    """
    scope, message = identity(trace)
    return joined(scope, mask(message))


def identity(trace: StackTrace) -> tuple[str, str]:
    """What `fingerprint` is made of: the part to compare as it is, and the message, of which the template counts."""
    error_type, message = _canonical(trace)
    return joined(error_type, culprit(trace) or ""), message


def joined(*parts: str) -> str:
    """The parts of a fingerprint that are known, as one text."""
    return " | ".join(filter(None, parts))


def culprit(trace: StackTrace) -> str | None:
    """`shop/pricing.py in price_of`: the innermost named function of the application, else of anything."""
    own = [frame for frame in trace.frames if frame.in_app] or trace.frames
    named = [frame for frame in own if _function(trace.language, frame)] or own
    if not named:
        return None
    function = _function(trace.language, named[0])
    module = _module(named[0].file)
    return f"{module} in {function}" if function else module


def _lines(text: str) -> list[str]:
    return [line[:_MAX_LINE_CHARS] for line in bounded(text).splitlines()]


def _number(text: str | None) -> int | None:
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else None


# `shop.PaymentError: declined`; what may stand before it is the runtime's.
_HEADER = re.compile(
    r"(?:Exception in thread \"[^\"]*\" |Uncaught |Caused by: |\[cause\]: )*+"
    r"((?:[\w$]+\.)*[A-Za-z_$][\w$]*(?:Error|Exception|Throwable|Failure|Exit|Interrupt)|(?:[\w$]+\.)+[A-Z][\w$]*|Error)"
    r"(?:: (.*))?"
)


def _header(lines: list[str]) -> tuple[str, str]:
    """Type and message of the first line that is about an error."""
    for line in lines:
        if match := _HEADER.fullmatch(line.strip()):
            return match[1], match[2] or ""
    return "", ""


# --- Python: causes first, innermost frame last; exception groups are drawn as trees ("  | ", "  +---- 1 ----") -----

_PYTHON_FRAME = re.compile(r'([ \t|+-]*)File "([^"]*)", line (\d+)(?:, in (.*))?')
_PYTHON_ERROR = re.compile(r"([ \t|+-]*)([A-Za-z_][\w.]*)(?:: ?(.*))?")
_PYTHON_LIBRARY = re.compile(
    r"(?:^|[/\\])(?:site|dist)-packages[/\\]|[/\\]lib[/\\]python\d[\d.]*[/\\]|[/\\]Lib[/\\]|^<"
)


def _python(lines: list[str]) -> list[_Section]:
    sections: list[_Section] = []
    frames: list[Frame] = []
    indent = 0
    for line in lines:
        if match := _PYTHON_FRAME.match(line):
            indent = len(match[1])
            in_app = not _PYTHON_LIBRARY.search(match[2])
            frames.append(Frame(match[2], (match[4] or "").strip(), _number(match[3]), in_app))
        elif frames and (error := _PYTHON_ERROR.fullmatch(line)) and _ends_traceback(line, len(error[1]), indent):
            sections.append(_Section(error[2], error[3] or "", frames[::-1]))
            frames = []
    if frames:
        sections.append(_Section("", "", frames[::-1]))
    # A group only says that something inside it failed.
    return [section for section in sections if not section.error_type.endswith("ExceptionGroup")] or sections


def _ends_traceback(line: str, own_indent: int, frame_indent: int) -> bool:
    # Source lines stand deeper than `File`, the error less deep. Where a log has eaten the blanks, its name tells.
    return own_indent < frame_indent or (frame_indent == 0 and _HEADER.fullmatch(line) is not None)


# --- Go: one line for the function, the next for the file ------------------------------------------------------------

_GO_FILE = re.compile(r"\s*(\S[^:]*\.(?:go|s)):(\d+)(?: \+0x[0-9a-f]+)?\s*")
_GO_HEADER = re.compile(r".*?\b(panic|fatal error): (.*)|.*?\bpanic serving [^ ]*: (.*)")
_GO_LIBRARY = re.compile(r"/pkg/mod/|/vendor/|/usr/(?:local|lib)/go[^/]*/|/libexec/src/|/hostedtoolcache/go/")


def _go(lines: list[str]) -> list[_Section]:
    error_type = message = ""
    frames: list[Frame] = []
    for before, line in pairwise(["", *lines]):
        if match := _GO_FILE.fullmatch(line):
            function = before.strip().rpartition("(")[0]
            in_app = not (_GO_LIBRARY.search(match[1]) or function.startswith("runtime."))
            if not before.startswith("created by "):
                frames.append(Frame(match[1], function, _number(match[2]), in_app))
            if function == "panic":
                # What lies above is the deferred function that printed this.
                frames.clear()
        elif frames and line.startswith("goroutine "):
            break
        elif not error_type and (header := _GO_HEADER.fullmatch(line)):
            error_type, message = header[1] or "panic", (header[2] or header[3] or "").removesuffix(" [recovered]")
    return [_Section(error_type, message, frames)]


# --- Java, Kotlin, Scala, JavaScript: the frames of each error follow its message, causes come last ------------------


def _caused(lines: list[str], read_frame: Callable[[str], Frame | None]) -> list[_Section]:
    sections: list[_Section] = []
    frames: list[Frame] = []
    between: list[str] = []
    for line in lines:
        frame = read_frame(line)
        if frame is not None:
            if between or not sections:
                frames = []
                # Neither suppressed errors, which are indented with their causes, nor a second trace in the text.
                if not sections or any(x.startswith("Caused by: ") or "[cause]: " in x for x in between):
                    sections.append(_Section(*_header(between), frames))
                between = []
            frames.append(frame)
        elif not line.lstrip().startswith("... "):
            between.append(line)
    return sections[::-1]


_JAVA_FRAME = re.compile(r"\s*at (?:[\w.@-]*/{1,2})?([^\s()]+)\.([^\s().]+)\(([^():]*)(?::(\d+))?\)")
_JAVA_LIBRARIES = (
    "java.", "javax.", "jdk.", "sun.", "com.sun.", "jakarta.", "kotlin.", "kotlinx.", "scala.", "groovy.", "clojure.",
    "android.", "androidx.", "dalvik.", "com.android.", "org.springframework.", "org.apache.", "org.hibernate.",
    "org.eclipse.", "org.jboss.", "org.junit.", "org.aspectj.", "org.slf4j.", "ch.qos.", "io.netty.", "io.undertow.",
    "io.quarkus.", "io.micronaut.", "io.vertx.", "io.grpc.", "reactor.", "rx.", "io.reactivex.", "akka.", "okhttp3.",
    "retrofit2.", "com.google.common.", "com.google.gson.", "com.fasterxml.", "com.zaxxer.", "org.postgresql.",
    "com.mysql.", "javassist.", "net.sf.cglib.", "net.bytebuddy.",
)  # fmt: skip
# Classes made at run time: their names change from one start to the next.
_JAVA_GENERATED = re.compile(r"\$\$|\$Proxy\d|GeneratedMethodAccessor|CGLIB|ByteBuddy")


def _java(lines: list[str]) -> list[_Section]:
    return _caused(lines, _java_frame)


def _java_frame(line: str) -> Frame | None:
    match = _JAVA_FRAME.match(line)
    if match is None:
        return None
    library = match[1].startswith(_JAVA_LIBRARIES) or _JAVA_GENERATED.search(match[1])
    return Frame(match[1], match[2], _number(match[4]), not library)


_JAVASCRIPT_LIBRARY = re.compile(
    r"node_modules/|^(?:node:|internal/|native$|index \d|<anonymous>|\[native code\])|-extension:|webpack/(?:boot|run)"
)


def _javascript(lines: list[str]) -> list[_Section]:
    return _caused(lines, _javascript_frame)


def _javascript_frame(line: str) -> Frame | None:
    """`at total (app.js:1:2)` in Chrome, Edge and Node, `total@app.js:1:2` in Firefox and Safari."""
    line = line.strip()
    if line.startswith("at "):
        function, _, place = line[3:].removesuffix(" {").removesuffix(")").partition(" (")
        if not place:
            function, place = "", function.removeprefix("async ")
    else:
        function, _, place = line.partition("@")
    file, number = _position(place)
    library = _JAVASCRIPT_LIBRARY.search(file)
    if number is None and not library:
        return None
    return Frame(file, function, number, not library)


def _position(place: str) -> tuple[str, int | None]:
    """`app.js:10:5` -> file and line; the column says nothing more."""
    parts = place.rsplit(":", 2)
    if len(parts) == 3 and _number(parts[2]) is not None:
        return parts[0], _number(parts[1])
    return place, None


_LANGUAGES: tuple[tuple[str, Callable[[list[str]], list[_Section]]], ...] = (
    ("python", _python),
    ("go", _go),
    ("java", _java),
    ("javascript", _javascript),
)
"""Tried in this order; each gives the errors of a chain, root first, without frames when it is another language."""
# Of each language's frames something must be there; most texts are messages alone, and four readers take 15 us.
_IN_EVERY_TRACE = re.compile(r'File "|at |@|\.(?:go|s):\d')


# --- What is compared ------------------------------------------------------------------------------------------------

_BROWSER_TYPES = frozenset({"TypeError", "ReferenceError", "RangeError", "InternalError", "NetworkError", "Error"})
_NO_PROPERTY = r"Cannot read properties of undefined (reading '\1')"
_BROWSER_MESSAGES = (
    (re.compile(r"Cannot read property '([^']*)' of (?:undefined|null)"), _NO_PROPERTY),
    (re.compile(r"Cannot read properties of null \(reading '([^']*)'\)"), _NO_PROPERTY),
    (re.compile(r"can't access property \"?([\w$]+)\"?, .* is (?:undefined|null)"), _NO_PROPERTY),
    (
        re.compile(r"(?:undefined|null) is not an object \(evaluating '[^']*[.\[\"]([\w$]+)[\"\]]*'\)"),
        _NO_PROPERTY,
    ),
    (re.compile(r"(?:.*\.)?([\w$]+) is not a function(?:\. \(.*)?"), r"'\1' is not a function"),
    (re.compile(r"Can't find variable: ([\w$]+)"), r"\1 is not defined"),
    (re.compile(r"NetworkError when attempting to fetch resource\.?|Load failed"), "Failed to fetch"),
    (re.compile(r"Maximum call stack size exceeded\.|too much recursion"), "Maximum call stack size exceeded"),
)
"""What Chrome, Firefox and Safari call the same; Chrome's words are kept."""


def _canonical(trace: StackTrace) -> tuple[str, str]:
    message = trace.message[:_MAX_MESSAGE_CHARS]
    error_type = trace.error_type.rpartition(".")[2]
    if trace.language not in ("javascript", "") or error_type not in _BROWSER_TYPES:
        return error_type, message
    known = ((pattern.fullmatch(message), words) for pattern, words in _BROWSER_MESSAGES)
    message = next((match.expand(words) for match, words in known if match), message)
    # Firefox's name for what the others call a RangeError.
    return ("RangeError" if error_type == "InternalError" else error_type), message


# A build's hash in a bundle name: `main.3f9a1c2b.js` (webpack), `main-BX3kd9s1.js` (vite).
_HASH_SUFFIX = re.compile(
    r"[.-](?:(?=[a-f]*\d)[0-9a-f]{6,40}|(?=\w*\d)(?=\w*[A-Z])\w{8,22})(?=\.(?:min\.|chunk\.|bundle\.)*[cm]?[jt]sx?$)"
)
_INSTALL_ROOT = re.compile(r".*(?:(?:site|dist)-packages|node_modules)/")
_RELEASE_FOLDER = re.compile(r"v?\d[\d._-]*|(?=[a-f]*\d)[0-9a-f]{7,40}")


def _module(file: str) -> str:
    """The file without what changes between machines, releases and builds."""
    path = re.sub(r"^[a-z][\w+.-]*://[^/]*", "", file.replace("\\", "/")).split("?", 1)[0].split("#", 1)[0]
    path = _INSTALL_ROOT.sub("", path)
    parts = [part for part in path.split("/") if part not in ("", ".", "..") and not _RELEASE_FOLDER.fullmatch(part)]
    module = "/".join(parts[-_MODULE_PARTS:])
    # `$1` is an anonymous class of Java; its number depends on the order in the file.
    return re.sub(r"\$\d+$", "", _HASH_SUFFIX.sub("", module))[:_MAX_NAME_CHARS]


def _function(language: str, frame: Frame) -> str:
    """The function's own name; empty for anonymous code, whose name the language makes up."""
    return _NAMES.get(language, str)(frame.function)[:_MAX_NAME_CHARS]


def _python_name(function: str) -> str:
    return "" if function.startswith("<") and function != "<module>" else function


def _go_name(function: str) -> str:
    """`github.com/acme/shop/cart.(*Cart).Total.func1` -> `Cart.Total`."""
    name = re.sub(r"\[[^\]]*\]", "", function.rpartition("/")[2]).partition(".")[2]
    return re.sub(r"(?:\.func\d+|\.\d+|-fm)+$", "", name.replace("(*", "").replace(")", ""))


def _java_name(function: str) -> str:
    """`lambda$total$0` -> `total`."""
    return "" if function.startswith("access$") else re.sub(r"^lambda\$|\$\d+$", "", function)


def _javascript_name(function: str) -> str:
    """`async Cart.total [as sum]`, `Cart.prototype.total` -> `total`; minified names change with each build."""
    name = re.sub(r"^(?:async[ *]|new |get |set )+| \[as .*$", "", function)
    if name.endswith(("<", "<anonymous>", " code", "anonymous")):
        return ""
    name = name.rpartition(".")[2].rpartition("/")[2]
    return name if len(name) > 2 else ""


_NAMES: dict[str, Callable[[str], str]] = {
    "python": _python_name,
    "go": _go_name,
    "java": _java_name,
    "javascript": _javascript_name,
}
