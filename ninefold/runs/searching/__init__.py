"""Finding runs, experiments, logged models: filters in words, an order, pages by key."""
