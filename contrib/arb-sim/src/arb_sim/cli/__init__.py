"""The commands that this distribution adds to `arb`: `demo` and `sim`."""
