"""Monitors: regular checks of an endpoint, and what happens then."""

from ninefold.monitors.monitor import Action, Check, Monitor, ask, bias, drift, freshness, hold, quality, retrain, rollback

__all__ = ["Action", "Check", "Monitor", "ask", "bias", "drift", "freshness", "hold", "quality", "retrain", "rollback"]
