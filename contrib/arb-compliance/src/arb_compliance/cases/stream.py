"""Tier stream."""
