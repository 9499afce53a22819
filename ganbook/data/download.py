"""Fetch a file whose hash is known, whole or not at all."""

import hashlib
import http.client
import os
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

HASHES = ("md5", "sha256")
CHUNK = 1 << 18


def download(
    name: str,
    folder: Path,
    mirrors: Sequence[str],
    digest: str,
    *,
    timeout: float = 15.0,
) -> Path:
    """Fetch ``mirror + name`` into ``folder`` from the first mirror that has it right.

    The bytes go to a temporary file beside the target, which takes its name only when
    they are complete and their hash is the expected one: an interrupted download
    leaves nothing behind, and nobody ever reads half a file.

    Args:
        name: The file's name, on the mirrors and on disk.
        folder: Where it goes; created once a mirror answers.
        mirrors: Addresses that end in a slash, tried in this order.
        digest: ``"md5:..."`` or ``"sha256:..."``, in hexadecimal.
        timeout: Seconds to wait for a mirror that says nothing.

    Returns:
        The path of the file.

    Raises:
        OSError: If no mirror delivers; says what each did and what to put where.
        ValueError: If ``digest`` is of an unknown kind.
    """
    kind, _, expected = digest.partition(":")
    if kind not in HASHES:
        raise ValueError(
            f"digest must begin with one of {', '.join(HASHES)} and a colon, "
            f"got {digest!r}"
        )
    target, failures = folder / name, []
    for mirror in mirrors:
        try:
            return _fetch(mirror + name, target, kind, expected, timeout)
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"  {mirror + name}: {error or type(error).__name__}")
    raise OSError(
        "\n".join([f"could not download {name}. Tried:", *failures])
        + f"\nWithout a network, put the file ({kind} {expected}) here:\n  {target}"
    )


def _fetch(url: str, target: Path, kind: str, expected: str, timeout: float) -> Path:
    """Fetch one address aside, verify, then rename."""
    request = urllib.request.Request(url, headers={"User-Agent": "ganbook"})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        target.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, because a rename is atomic only within a file system.
        handle, aside = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=".part"
        )
        try:
            with os.fdopen(handle, "wb") as file:
                got, actual = _copy(response, file, kind)
            length = response.headers.get("Content-Length")
            if length is not None and got < int(length):
                raise OSError(f"cut short: {got:,} of {int(length):,} bytes came")
            if actual != expected:
                raise OSError(
                    f"wrong content: expected {kind} {expected}, got {actual}"
                )
            os.chmod(aside, 0o644)  # mkstemp keeps files to their owner
            os.replace(aside, target)
        finally:
            Path(aside).unlink(missing_ok=True)
    return target


def _copy(source: BinaryIO, target: BinaryIO, kind: str) -> tuple[int, str]:
    """Copy to the end; return how many bytes there were and their hash."""
    # The hash finds damage; it is no signature. Hence md5, where a source publishes it.
    hasher, size = hashlib.new(kind, usedforsecurity=False), 0
    while chunk := source.read(CHUNK):
        target.write(chunk)
        hasher.update(chunk)
        size += len(chunk)
    return size, hasher.hexdigest()
