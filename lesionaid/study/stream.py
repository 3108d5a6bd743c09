"""The bytes of an image file: by content, to the end, within limits.

Whether a file is compressed is read from its first two bytes, never from its name.
A gzip stream is always read to its end, because only there its checksum is verified:
nibabel stops after the voxels and other readers return zeros for what is missing.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from lesionaid.errors import GateError, Note, OutputError

__all__ = ["ByteStream", "open_stream", "refuse_other_content"]

BLOCK = 1 << 20
MAX_GZIP_RATIO = 1032
"""Deflate cannot shrink further (zlib, technical notes); a header that asks for more lies."""

_GZIP = b"\x1f\x8b"
_OTHER_FORMATS = (
    (b"NRRD", "NRRD"),
    (b"ObjectType", "MetaImage"),
    (b"PK\x03\x04", "ZIP archive"),
    (b"BZh", "bzip2 archive"),
    (b"\xfd7zXZ", "xz archive"),
    (b"\x28\xb5\x2f\xfd", "Zstandard archive"),
    (b"\x89PNG", "PNG picture"),
    (b"\xff\xd8\xff", "JPEG picture"),
    (b"%PDF", "PDF document"),
    (b"\x89HDF", "HDF5 or MINC2"),
    (b"CDF", "MINC1"),
    (b"\x00\x00\x00\x01\x00\x00", "MGH or MGZ"),
)


class ByteStream:
    """Uncompressed bytes of a file, counted; damage and excess become coded errors."""

    def __init__(self, handle: IO[bytes], name: str, file_size: int, max_bytes: int) -> None:
        self.name = name
        self.file_size = file_size
        self.max_bytes = max_bytes
        self.gzipped = handle.read(2) == _GZIP
        handle.seek(0)
        self._source = cast(IO[bytes], gzip.GzipFile(fileobj=handle)) if self.gzipped else handle
        self.count = 0

    @property
    def most_bytes(self) -> int:
        """Upper bound of the uncompressed size, known before anything is read."""
        return self.file_size * MAX_GZIP_RATIO if self.gzipped else self.file_size

    def read(self, size: int, start: bytes = b"") -> bytearray:
        """Read on behind `start` until `size` bytes are there; fewer only at the file's end.

        Raises
        ------
        GateError
            ``E28`` when the compressed stream is damaged, ``E17`` beyond the limit.
        OutputError
            ``E02`` when the disk does not deliver.
        """
        content = bytearray(start)
        while len(content) < size and (block := self._block(min(BLOCK, size - len(content)))):
            content += block
        return content

    def drain(self) -> int:
        """Read on to the end, keeping nothing; return the number of bytes."""
        before = self.count
        while self._block(BLOCK):
            pass
        return self.count - before

    def _block(self, size: int) -> bytes:
        try:
            block = self._source.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise GateError("E28", file=self.name, value=str(error)) from error
        except OSError as error:
            raise OutputError("E02", file=self.name, value=error.strerror or "") from error
        self.count += len(block)
        if self.count > self.max_bytes:
            limit = f"more than {self.max_bytes / 1e6:.0f} MB uncompressed"
            raise GateError("E17", file=self.name, value=limit)
        return block

    def notes(self) -> tuple[Note, ...]:
        """What the container says of itself, once it was read to the end."""
        notes = []
        if self.gzipped != self.name.lower().endswith(".gz"):
            found = "compressed" if self.gzipped else "not compressed"
            notes.append(Note("W01", self.name, found))
        # A lesion mask shrinks 300-fold, a scan with noise 2- to 4-fold; beyond 500-fold and
        # 100 MB (both proposed) something is odd.
        if self.count > 100e6 and self.count > 500 * self.file_size:
            notes.append(Note("W06", self.name, f"{self.count / self.file_size:.0f}-fold"))
        return tuple(notes)


@contextmanager
def open_stream(path: Path, max_bytes: int) -> Iterator[ByteStream]:
    """Open a file for reading by content.

    Raises
    ------
    OutputError
        ``E01`` when it does not exist, ``E02`` when it cannot be opened.
    GateError
        ``E03`` when it is empty.
    """
    name = path.name
    try:
        if path.exists() and not path.is_file():
            raise OutputError("E02", file=name, value="not a file")
        size = path.stat().st_size
        handle = path.open("rb")
    except FileNotFoundError as error:
        detail = "a link whose target is missing" if path.is_symlink() else ""
        raise OutputError("E01", file=name, value=detail) from error
    except (OSError, ValueError) as error:
        raise OutputError("E02", file=name, value=getattr(error, "strerror", "") or "") from error
    with handle:
        if size == 0:
            raise GateError("E03", file=name)
        yield ByteStream(handle, name, size, max_bytes)


def refuse_other_content(start: bytes | bytearray, name: str) -> None:
    """Name what a file is when it is plainly no NIfTI file.

    Parameters
    ----------
    start : bytes
        The first uncompressed bytes, 132 or more where the file has as many.

    Raises
    ------
    GateError
        ``E04`` for a web page, ``E05`` for a Git LFS pointer, ``E06`` for another format.
    """
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")):
        raise GateError("E04", file=name)
    if text.startswith(b"version https://git-lfs"):
        raise GateError("E05", file=name)
    if start[128:132] == b"DICM":
        raise GateError("E06", file=name, value="DICOM")
    for magic, what in _OTHER_FORMATS:
        if start.startswith(magic):
            raise GateError("E06", file=name, value=what)
