"""A registered version as a bundle: its files are read by their formats, and nothing that is in them is run."""
