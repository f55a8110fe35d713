"""Rows that arrive one by one: segments of framed payloads, group commit, recovery."""

from ninefold.journal.journal import Journal as Journal
from ninefold.journal.read import Record as Record
from ninefold.journal.read import read as read
from ninefold.journal.recover import recover as recover
