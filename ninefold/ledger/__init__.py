"""Facts in an order that cannot be edited unseen, and the record tables written in the same transactions."""

from ninefold.ledger.driver import Row as Row
from ninefold.ledger.fact import Fact as Fact
from ninefold.ledger.group import Tx as Tx
from ninefold.ledger.ledger import Ledger as Ledger
