"""Tables: stored, versioned results of processing, and what their rows mean."""

from ninefold.tables.expect import Expectation, between, holds, matches, not_null, one_of, refers_to, row_count, unique
from ninefold.tables.table import Table, table

__all__ = ["Expectation", "Table", "between", "holds", "matches", "not_null", "one_of", "refers_to", "row_count", "table", "unique"]
