"""A source: files, an object store, a database, a topic, a Python function, or rows posted over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from ninefold.errors import DeclarationError, closest
from ninefold.things import Thing, as_tuple, declare, frozen_mapping

FORMATS = ("csv", "tsv", "json", "parquet", "arrow")
TYPES = ("str", "int", "float", "bool", "date", "datetime")


@dataclass(frozen=True, eq=False, slots=True, init=False)
class Source(Thing):
    """Where rows come from.

    ``of`` is a path or glob (CSV, also zipped or gzipped; JSON lines; Parquet; Arrow), a URL (``s3://``, ``https://``,
    ``postgresql://``, ``sqlite:///``, ``duckdb:///`` with ``query=``), a connection (``"bus:payments"``), a function that
    returns a frame, or None for rows that are posted to ``/sources/<name>``. ``null`` are texts that mean "no value";
    ``types`` fixes column types by name (``{"zip": "str"}``); ``query`` is the SQL to read; ``watermark`` a column that
    only grows, so that only newer rows are read next time.

    >>> import ninefold as nf
    >>> nf.Source("data/flights.csv", null="NA").null
    ('NA',)
    """

    noun: ClassVar[str] = "source"

    of: "str | Callable[..., Any] | None"
    null: tuple[str, ...]
    types: tuple[tuple[str, str], ...]
    query: str | None
    watermark: str | None
    format: str | None
    was: str | None

    def __init__(
        self,
        of: "str | Callable[..., Any] | None" = None,
        *,
        null: str | list[str] | None = None,
        types: dict[str, str] | None = None,
        query: str | None = None,
        watermark: str | None = None,
        format: str | None = None,
        was: str | None = None,
    ) -> None:
        if of is not None and not isinstance(of, str) and not callable(of):
            raise DeclarationError(f"{of!r} is no source", hint="give a path, a URL, a connection or a function")
        for column, text in frozen_mapping(types):
            # after the colon stands how a date or time is written
            if not isinstance(text, str) or text.partition(":")[0] not in TYPES:
                raise DeclarationError(f'types= gives the column "{column}" the type {text!r}', hint=closest(str(text), TYPES))
        if format is not None and format not in FORMATS:
            raise DeclarationError(f"format={format!r} is not known", hint=closest(str(format), FORMATS))
        for text in as_tuple(null):
            if not isinstance(text, str):
                raise DeclarationError(f"null={text!r} is no text", hint='give it as it stands in the file: null="0"')
        declare(self, of, as_tuple(null), frozen_mapping(types), query, watermark, format, was)
