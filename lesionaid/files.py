"""Writing and hashing files: atomic renames, nothing half-written."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from lesionaid.errors import OutputError

__all__ = ["sha256_of", "write_atomic", "write_together"]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file so that readers see the old one or the new one, never a half.

    Raises
    ------
    OutputError
        ``E74`` when the folder cannot be written to or the disk is full.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp's 0600 would hide results from the lab
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise OutputError("E74", file=path.name, value=error.strerror or str(error)) from error


def write_together(
    folder: Path, contents: Mapping[str, bytes | str], stale: Iterable[str] = ()
) -> None:
    """Write several files that belong together: all of them, or none.

    Everything is written into a hidden folder beside them first, so that a full disk or a
    missing permission leaves an older result whole; only then are the files moved into place.

    Parameters
    ----------
    folder : Path
        Made when it does not exist.
    contents : mapping of str to bytes or str
        By file name; moved in this order, so that the last one seals the set.
    stale : iterable of str
        Names that an earlier run may have left and that would contradict this one.

    Raises
    ------
    OutputError
        ``E74``.
    """
    staging: Path | None = None
    name = folder.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".lesionaid-", dir=folder))
        for name, content in contents.items():
            write_atomic(staging / name, content)
        for name in contents:
            if (folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        for name in sorted(set(stale) - set(contents)):
            (folder / name).unlink(missing_ok=True)
        for name in contents:
            os.replace(staging / name, folder / name)
    except OSError as error:
        raise OutputError("E74", file=name, value=error.strerror or str(error)) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
