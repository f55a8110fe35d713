"""Endpoints: where answers are given, over HTTP, into a table or a topic."""

from ninefold.endpoints.endpoint import Endpoint, Release, canary, full, shadow

__all__ = ["Endpoint", "Release", "canary", "full", "shadow"]
