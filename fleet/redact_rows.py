"""Redaction of whole rows, between reading and storing them.

Columns that name a person are pseudonymised whatever they hold; columns of free text are searched. Values in a query
are searched decoded and together with their names: `?mail=bob%40example.com`, `?token=abc`; harmless ones
(`?cat=3`) stay, because load tests are made of them.
"""

from urllib.parse import quote, unquote_plus

from ..analysis.redaction import Redactor
from ..core.records.logs import AccessRow, LogRow


def redact_log_row(row: LogRow, redactor: Redactor) -> LogRow:
    """The row as it may be stored. Level, release, status and the other columns of our own vocabulary are kept."""
    return row._replace(
        message=redactor.text(row.message),
        logger=_text(row.logger, redactor),
        error_type=_text(row.error_type, redactor),
        stack_trace=_text(row.stack_trace, redactor),
        request_path=None if row.request_path is None else _path(row.request_path, redactor),
        user=_person("user", row.user, redactor),
        session=_person("session", row.session, redactor),
        request=_text(row.request, redactor),
        user_agent=_text(row.user_agent, redactor),
    )


def redact_access_row(row: AccessRow, redactor: Redactor) -> AccessRow:
    """The row as it may be stored; the client becomes a pseudonym, loopback and private addresses too."""
    return row._replace(
        path=_path(row.path, redactor),
        client=_person("ip", row.client, redactor),
        user_agent=_text(row.user_agent, redactor),
        referer=None if row.referer is None else _path(row.referer, redactor),
    )


def _text(text: str | None, redactor: Redactor) -> str | None:
    return redactor.text(text) if text else text


def _person(kind: str, value: str | None, redactor: Redactor) -> str | None:
    return redactor.pseudonym(kind, value) if value else None


def _path(path: str, redactor: Redactor) -> str:
    resource, question, query = path.partition("?")
    resource = redactor.text(resource)
    if not question:
        return resource
    return f"{resource}?{'&'.join(_parameter(pair, redactor) for pair in query.split('&'))}"


def _parameter(pair: str, redactor: Redactor) -> str:
    name, equals, value = pair.partition("=")
    plain = f"{unquote_plus(name)}={unquote_plus(value)}"
    redacted = redactor.text(plain)
    if redacted == plain:
        return pair
    # A pseudonym stays readable: only what would change the query's structure is encoded.
    name, equals, value = redacted.partition("=")
    return f"{quote(name, safe='<>:/@[]')}{equals}{quote(value, safe='<>:/@[]=')}"
