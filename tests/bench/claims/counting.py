"""Counts what a piece of work asks of the memory allocator: every malloc, calloc and realloc of a whole process.

A few lines of C stand before the C library's own functions, and Python is told to use these for everything
(`PYTHONMALLOC=malloc`), so what Python, protobuf's C and arb-native's Rust ask for counts alike. What Python serves from its
own shelves of just freed floats, tuples and lists asks nobody, and is not counted: it costs next to nothing.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["allocations", "can_count"]

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
static unsigned long count;
unsigned long allocations(void) { return count; }
void *malloc(size_t n) { count++; return __libc_malloc(n); }
void *calloc(size_t n, size_t m) { count++; return __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { count++; return __libc_realloc(p, n); }
"""


def can_count() -> bool:
    """Whether there are a C compiler and glibc."""
    return sys.platform == "linux" and shutil.which("cc") is not None


def allocations(folder: Path, script: Path, *arguments: str) -> float:
    """Run a script that prints a number of allocations, with its `ctypes.CDLL(None).allocations` at hand."""
    library = folder / "count.so"
    if not library.exists():
        source = library.with_suffix(".c")
        source.write_text(SOURCE, encoding="ascii")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    env = {**os.environ, "LD_PRELOAD": str(library), "PYTHONMALLOC": "malloc"}
    command = [sys.executable, str(script), *arguments]
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=120)
    return float(said.stdout)
