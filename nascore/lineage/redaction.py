"""Secrets are left out of records: what addresses carry beside the address, and values under telling names."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

HIDDEN = "***"

# Whole words, so that `keys` of a table or `monkey` stay readable.
_SECRET_NAME = re.compile(
    r"(^|[_.-])(password|passwd|passphrase|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key)"
    r"($|[_.-])",
    re.IGNORECASE,
)


def redacted(value: Any) -> Any:
    """Return plain data with secrets replaced by `***`: mappings, sequences and texts are looked into."""
    if isinstance(value, dict):
        return {
            str(key): HIDDEN if _SECRET_NAME.search(str(key)) and inner is not None else redacted(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(inner) for inner in value]
    return _redacted_text(value) if isinstance(value, str) else value


def _redacted_text(text: str) -> str:
    """Hide user names, passwords, values of queries and fragments in an address; other text is returned as it is."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    except ValueError:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{HIDDEN}@{host}" if "@" in parts.netloc else host
    query = "&".join(f"{name}={HIDDEN}" for name in names)
    if parts.query and not names:
        query = HIDDEN
    return urlunsplit((parts.scheme, netloc, parts.path, query, HIDDEN if parts.fragment else ""))
