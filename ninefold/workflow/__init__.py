"""Work that waits for people: who, for what, since when."""
