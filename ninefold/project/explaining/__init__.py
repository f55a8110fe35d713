"""Explaining a project: where it stands, why something is as it is, what is in its data."""
