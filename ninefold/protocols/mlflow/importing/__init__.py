"""Bringing over what another MLflow holds: from a server, its database, or its folder of files."""
