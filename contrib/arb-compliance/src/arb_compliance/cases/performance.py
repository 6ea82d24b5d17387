"""Tier performance."""
