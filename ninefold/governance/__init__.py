"""Answering for it: approvals, cards, regimes, audit."""
