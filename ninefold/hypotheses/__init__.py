"""Hypotheses: beliefs about the data and the techniques, each with a test."""

from ninefold.hypotheses.hypothesis import Evidence, Hypothesis, Test, associated, beats, differs, evidence, helps, stable

__all__ = ["Evidence", "Hypothesis", "Test", "associated", "beats", "differs", "evidence", "helps", "stable"]
