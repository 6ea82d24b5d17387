"""Tier simulation."""
