"""What each page shows, as typed values: the same for the page and for JSON."""
