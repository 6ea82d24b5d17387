"""Weighs books and what stands over them, in a process that holds nothing else.

    python weigh.py VENUES SYMBOLS FACTORY BY

BY is `rss` (what the system gave the process) or `tracemalloc` (what Python allocated: slower, and blind to Rust). Prints one
JSON object: bytes a book, and bytes a book of the session and its strategy.
"""

import gc
import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench.scale.crowd import Crowd, factories


def rss() -> int:
    """Bytes of memory that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def main() -> None:
    venues, symbols, factory, by = sys.argv[1:]
    weigh: Callable[[], int] = rss
    if by == "tracemalloc":
        tracemalloc.start()
        weigh = lambda: tracemalloc.get_traced_memory()[0]  # noqa: E731
    Crowd(2, 5, factories()[factory]).watch()  # what is made once
    gc.collect()
    empty = weigh()
    crowd = Crowd(int(venues), int(symbols), factories()[factory])
    gc.collect()
    filled = weigh()
    began = process_time()
    crowd.watch()
    started_s = process_time() - began
    gc.collect()
    watched = weigh()
    books = len(crowd.books)
    figures = {"book": (filled - empty) / books, "watch": (watched - filled) / books, "start_s": started_s}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
