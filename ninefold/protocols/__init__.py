"""Protocols that others defined, each a translation onto our own nouns."""
