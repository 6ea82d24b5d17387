"""`python -m arb_prometheus dashboard | alerts | metrics | sketch`: for Grafana, for Prometheus, and for people."""

import json
import sys
from collections.abc import Sequence

from arb_prometheus import alerts, dashboard, metrics

__all__ = ["main"]

_PRINTED = {
    "alerts": alerts.document,
    "dashboard": lambda: json.dumps(dashboard.document(), indent=2) + "\n",
    "metrics": metrics.table,
    "sketch": dashboard.sketch,
}


def main(arguments: Sequence[str]) -> int:
    """Print one of them; return the exit code."""
    if len(arguments) != 1 or arguments[0] not in _PRINTED:
        sys.stderr.write(f"expected `python -m arb_prometheus {' | '.join(_PRINTED)}`\n")
        return 2
    sys.stdout.write(_PRINTED[arguments[0]]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
