"""Exchanges as they spoke when our recordings were made: one module each, which is a plugin for replays."""
