"""Traces: one request through somebody's application, with its spans and what was thought of it."""
