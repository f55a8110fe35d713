"""Traces in the words of MLflow and of OTLP."""
