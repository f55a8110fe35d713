"""Contract suites for the authors of backends: a pytest class per interface, to which a backend supplies one fixture."""
