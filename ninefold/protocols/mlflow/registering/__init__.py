"""The model registry and its webhooks in the words of MLflow."""
