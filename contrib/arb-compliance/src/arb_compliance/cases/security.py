"""Tier security."""
