"""The commands: `arb compliance` proves a plugin, `arb plugin` makes one. One file each, loaded when called."""
