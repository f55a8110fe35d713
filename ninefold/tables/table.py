"""A table: a function of other things, or one that exists elsewhere; its key, its times, and when columns came to be known."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ninefold.errors import DeclarationError
from ninefold.tables.expect import Expectation
from ninefold.things import Thing, as_tuple, declare, frozen_mapping, look_like
from ninefold.units import Moment, duration, moment


@dataclass(frozen=True, eq=False, init=False)
class Table(Thing):
    """Rows with a key, a time, and known times.

    ``of`` is the function that makes it (see :func:`table`) or the URL of a table that exists elsewhere. ``key`` names
    the columns that identify a row; ``time`` when it happened (``"day + 1d"`` for a row that sums up a day); ``until``
    the end of its validity; ``tz`` the zone that its naive times are in and in which expressions see them; ``known``
    when the row came to be known (default: its time); ``later`` maps columns that came later to their moments;
    ``personal`` names columns about persons; ``expect`` the expectations; ``mode="stream"`` applies the function to new
    rows only; ``lag`` is how late rows may come before an alert.

    A function table can be called with frames: that is how it is tested.

    >>> import ninefold as nf
    >>> nf.Table("warehouse:marts.usage", key="id", time="day + 1d", known="loaded_at").known
    Moment(column='loaded_at', offset=0)
    """

    noun: ClassVar[str] = "table"

    of: "Callable[..., Any] | str"
    args: tuple["Thing | str", ...]
    key: tuple[str, ...]
    time: Moment | None
    until: str | None
    tz: str | None
    known: Moment | None
    later: tuple[tuple[str, Moment], ...]
    personal: tuple[str, ...]
    expect: tuple[Expectation, ...]
    mode: Literal["batch", "stream"]
    lag: int | None
    was: str | None

    def __init__(
        self,
        of: "Callable[..., Any] | str",
        *args: "Thing | str",
        key: str | list[str],
        time: str | None = None,
        until: str | None = None,
        tz: str | None = None,
        known: str | None = None,
        later: dict[str, str] | None = None,
        personal: str | list[str] | None = None,
        expect: list[Expectation] | None = None,
        mode: Literal["batch", "stream"] = "batch",
        lag: str | None = None,
        was: str | None = None,
    ) -> None:
        if not callable(of) and not isinstance(of, str):
            raise DeclarationError(
                f"{of!r} is no table", hint='decorate a function with @nf.table(...), or give a URL: nf.Table("warehouse:marts.usage", ...)'
            )
        for item in as_tuple(expect):
            if not isinstance(item, Expectation):
                raise DeclarationError(f"{item!r} in expect is no expectation", hint='write nf.unique("id"), nf.between("price", 0, 100), ...')
        if mode not in {"batch", "stream"}:
            raise DeclarationError(f"mode={mode!r}", hint='choose "batch" or "stream"')
        happened = moment(time) if time else None
        declare(
            self,
            of,
            args,
            as_tuple(key),
            happened,
            until,
            tz,
            moment(known) if known else happened,
            tuple((c, moment(m)) for c, m in frozen_mapping(later)),
            as_tuple(personal),
            as_tuple(expect),
            mode,
            duration(lag) if lag else None,
            was,
        )
        if callable(of):
            look_like(self, of)

    def __call__(self, *args: Any, **frames: Any) -> Any:
        if not callable(self.of):
            raise DeclarationError(f"the table at {self.of!r} has no function to call")
        return self.of(*args, **frames)

    def known_at(self, column: str) -> Moment | None:
        """The moment at which ``column`` of a row came to be known, beside the row's own."""
        return dict(self.later).get(column)


def table(
    *args: "Thing | str",
    key: str | list[str],
    time: str | None = None,
    until: str | None = None,
    tz: str | None = None,
    known: str | None = None,
    later: dict[str, str] | None = None,
    personal: str | list[str] | None = None,
    expect: list[Expectation] | None = None,
    mode: Literal["batch", "stream"] = "batch",
    lag: str | None = None,
    was: str | None = None,
) -> "Callable[[Callable[..., Any]], Table]":
    """Make a function a table. Its parameters name the things that it reads (or ``args`` gives them by position); their
    annotations say as which kind of frame. The other arguments are those of :class:`Table`.

    >>> import ninefold as nf, polars as pl
    >>> raw = nf.Source("raw.csv")
    >>> @nf.table(key="id", time="at", tz="UTC")
    ... def orders(raw: pl.LazyFrame) -> pl.LazyFrame:
    ...     return raw.filter(pl.col("id") > 1)
    >>> orders(pl.LazyFrame({"id": [1, 2]})).collect().height
    1
    """
    if len(args) == 1 and callable(args[0]) and not isinstance(args[0], Thing):
        raise DeclarationError("@nf.table needs a key", hint='write @nf.table(key="...", time="...")')

    def wrap(function: Callable[..., Any]) -> Table:
        return Table(
            function,
            *args,
            key=key,
            time=time,
            until=until,
            tz=tz,
            known=known,
            later=later,
            personal=personal,
            expect=expect,
            mode=mode,
            lag=lag,
            was=was,
        )

    return wrap
