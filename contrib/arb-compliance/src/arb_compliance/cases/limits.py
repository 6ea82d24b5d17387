"""Tier limits."""
