"""The `arb` command: the room that wires registry, venues and engine together.

Each command is a file with a click command named `command`; `main` finds it, and turns errors into one line and an exit
code. `options` holds what commands share, `plain` prints without rich, `loop` runs a coroutine until told to stop.
"""
