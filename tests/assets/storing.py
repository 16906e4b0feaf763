"""What the tests of the cache on disk share. Also run as a program: writers and victims for the tests of processes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from nodebook.assets.disk import DiskResults, Stored
from nodebook.assets.plain_codecs import default_codecs

LIMIT_BYTES = 1 << 30


def open_folder(folder: Path, limit_bytes: int = LIMIT_BYTES) -> DiskResults:
    return DiskResults(folder, default_codecs(), limit_bytes)


def key_of(number: int) -> bytes:
    return number.to_bytes(16, "big")


def result(value: Any, seconds: float = 1.0, **payload: Any) -> Stored:
    return Stored((value,), payload, seconds, 100, "Maker")


def large(number: int, size: int = 6_000) -> np.ndarray[Any, Any]:
    """Return an array that goes into a blob, and that says which number it is for."""
    return np.full(size, number, dtype=np.int32)


def write(disk: DiskResults, values: dict[int, Stored]) -> None:
    rows = []
    for number, stored in values.items():
        encoded = disk.encode(stored)
        assert encoded is not None, disk.refused
        row = disk.prepare(key_of(number), stored, encoded)
        if row is not None:
            rows.append(row)
    disk.commit(rows)


def fitting(number: int) -> Stored:
    """Return the one right result of a number: small, large and mixed ones by turns."""
    match number % 3:
        case 0:
            return result(number)
        case 1:
            return result(large(number))
        case _:
            return result([large(number, 5000), {"n": number, "also": large(number // 9)}], text=str(number))


def is_right(number: int, found: Stored) -> bool:
    wanted = fitting(number)
    return repr(found.outputs) == repr(wanted.outputs) and found.payload == wanted.payload


def write_numbers(folder: Path, first: int, last: int) -> None:
    """Write results one by one, in random looking order, and say each when it is committed."""
    disk = open_folder(folder)
    for number in sorted(range(first, last), key=lambda each: each * 7919 % 1009):
        write(disk, {number: fitting(number)})
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    disk.close()


if __name__ == "__main__":
    write_numbers(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
