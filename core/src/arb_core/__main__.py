"""`python -m arb_core`: the `arb` command, for a program that starts it with its own interpreter."""

from arb_core.cli.main import main

if __name__ == "__main__":
    main()
