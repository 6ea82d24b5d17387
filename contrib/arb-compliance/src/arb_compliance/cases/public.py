"""Tier public."""
