"""Read JSON objects that can be read in only one way."""

from __future__ import annotations

import codecs
import json
from typing import Any


class NotStrictJson(ValueError):
    """Not a JSON object, or an ambiguous one. The message contains no input."""


class RepeatedName(NotStrictJson):
    """An object has the same name twice, so two readers could take different values."""


def read_object(raw: bytes) -> dict[str, Any]:
    """The object in `raw` (UTF-8). Raises NotStrictJson.

    Refused as well: names that come twice, NaN and Infinity, numbers of thousands of digits, nesting without end.
    """
    try:
        value = _STRICT.decode(raw.decode())
    except NotStrictJson:
        raise
    except (ValueError, RecursionError):
        raise NotStrictJson("not a JSON object") from None
    if not isinstance(value, dict):
        raise NotStrictJson("not a JSON object")
    return value


def read_document(raw: bytes) -> dict[str, Any]:
    """The object in a body, which may begin with a byte order mark (RFC 8259 section 8.1). Raises NotStrictJson."""
    return read_object(raw.removeprefix(codecs.BOM_UTF8))


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers may pick different ones of two equal names (RFC 8725 section 2.6), so neither is picked.
    names = dict(pairs)
    if len(names) != len(pairs):
        raise RepeatedName("repeated name in JSON")
    return names


def _refuse_constant(name: str) -> None:
    raise NotStrictJson("not a JSON object")


_STRICT = json.JSONDecoder(object_pairs_hook=_unique_names, parse_constant=_refuse_constant)
