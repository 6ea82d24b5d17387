"""`python -m arb_prometheus dashboard | alerts`: the files for Grafana and Prometheus, on stdout."""

import json
import sys
from collections.abc import Sequence

from arb_prometheus import alerts, dashboard

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Print one of the two; return the exit code."""
    match arguments:
        case ["dashboard"]:
            sys.stdout.write(json.dumps(dashboard.document(), indent=2) + "\n")
        case ["alerts"]:
            sys.stdout.write(alerts.document())
        case _:
            sys.stderr.write("expected `python -m arb_prometheus dashboard` or `python -m arb_prometheus alerts`\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
