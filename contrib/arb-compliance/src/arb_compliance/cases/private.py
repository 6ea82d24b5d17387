"""Tier private."""
