"""Charts: pure functions from numbers to SVG text, the same in pages, notebooks, cards and mails."""
