"""MLflow's REST protocol: its clients, unmodified, work with a server of ours. Nothing here decides; it translates."""
