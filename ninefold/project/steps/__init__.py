"""The steps of a project: what each declared thing means for the engine."""
