"""Tier wire."""
