"""From trigger to release: the only place that acts on alerts and criteria."""
