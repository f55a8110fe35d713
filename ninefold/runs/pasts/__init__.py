"""Pasts that another tracker remembers: as values, written in bulk, counted and compared."""
