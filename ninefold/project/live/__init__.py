"""A project in production: what is frozen, asked, answered, collected, replayed, and what came of it."""
