"""Answering for it: approvals, model cards, release reports, audit."""
