"""Large archives from the network: resumed where they broke off, unpacked with care."""

import hashlib
import http.client
import os
import shutil
import stat
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

CHUNK = 1 << 20


def fetch_archive(
    name: str,
    folder: Path,
    addresses: Sequence[str],
    digest: str | None,
    *,
    timeout: float = 30.0,
) -> Path:
    """Fetch a large file, and go on where an earlier attempt was cut off.

    What has come so far lies beside the target as ``.NAME.part``; the target takes
    its name when all bytes are there and right. A part is continued only if the
    server says that it still has the same file (its ETag), or if the hash is known.
    Two processes would write the same part: whoever calls this holds a lock.

    Args:
        name: The name it takes.
        folder: Where it goes.
        addresses: Tried in this order.
        digest: SHA-256 in hexadecimal. ``None`` where its publisher names none: then
            that of the first download that is a zip file is written beside it, as
            ``NAME.sha256``, and later downloads into the same folder must agree.
        timeout: Seconds to wait for a server that says nothing.

    Returns:
        The path of the file.

    Raises:
        OSError: If no address delivers; says what each did and what to put where.
    """
    target, failures = folder / name, []
    part, etag = folder / f".{name}.part", folder / f".{name}.etag"
    note = folder / f"{name}.sha256"
    expected = digest or (note.read_text().split()[0] if note.exists() else None)
    for address in addresses:
        try:
            _receive(address, part, etag, expected, timeout)
            found = _sha256(part)
            wrong = found != expected if expected else not zipfile.is_zipfile(part)
            if wrong:
                part.unlink()  # there is nothing in it to continue
                etag.unlink(missing_ok=True)
                wanted = f"sha256 {expected}" if expected else "a zip file"
                wanted += f" (noted in {note})" if expected and not digest else ""
                raise OSError(f"wrong content: expected {wanted}, got sha256 {found}")
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"  {address}: {error or type(error).__name__}")
            continue
        if digest is None:
            note.write_text(f"{found}  {name}\n")
        os.replace(part, target)
        etag.unlink(missing_ok=True)
        return target
    raise OSError(
        "\n".join([f"could not download {name}. Tried:", *failures])
        + "\nWhat has come is kept, and the next attempt goes on from there."
        + f"\nWithout a network, put the file here:\n  {target}"
    )


def _receive(
    url: str, part: Path, etag: Path, expected: str | None, timeout: float
) -> None:
    """Fetch one address into ``part``, from where it ends if that is safe."""
    known = etag.read_text() if etag.exists() else ""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "ganbook"}
    if have and (known or expected):
        headers["Range"] = f"bytes={have}-"
        if known:
            headers["If-Range"] = known
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        whole = error.headers.get("Content-Range") == f"bytes */{have}"
        if error.code == 416 and (whole or expected):  # which will tell
            return
        raise
    with response:
        part.parent.mkdir(parents=True, exist_ok=True)
        resumed = response.status == 206
        etag.write_text(response.headers.get("ETag") or "")
        with part.open("ab" if resumed else "wb") as file:
            shutil.copyfileobj(response, file, CHUNK)
            total = file.tell()
        length = response.headers.get("Content-Length")
        whole = (have if resumed else 0) + int(length) if length else total
        if total < whole:
            raise OSError(f"cut short: {total:,} of {whole:,} bytes came")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(
    archive: Path,
    folder: Path,
    keep: Callable[[str], str | None],
    *,
    most_bytes: int,
) -> int:
    """Unpack some files of a zip archive into a new folder, and trust none of it.

    Everything goes to a folder aside, which takes its name when all is there.

    Args:
        archive: The zip file.
        folder: A folder that does not exist yet.
        keep: Says where a member goes, relative to ``folder``; ``None``: nowhere.
        most_bytes: That the files may have together.

    Returns:
        How many files were unpacked.

    Raises:
        ValueError: If it is no zip file or a damaged one, if a member is a link or
            would leave the folder, if there is too much of it, or nothing to keep.
        FileExistsError: If ``folder`` exists.
        OSError: If the disk is too small.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists; remove it to unpack anew")
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            chosen = [
                (member, _inside(place, archive))
                for member in opened.infolist()
                if not member.is_dir() and (place := keep(_safe(member, archive)))
            ]
            _measure(chosen, archive, folder, most_bytes)
            aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
            try:
                for member, place in chosen:
                    target = aside / place
                    target.parent.mkdir(parents=True, exist_ok=True)
                    # zipfile reads no more than the size declared, and checks the CRC.
                    with opened.open(member) as source, target.open("xb") as file:
                        shutil.copyfileobj(source, file, CHUNK)
                os.chmod(aside, 0o755)
                os.rename(aside, folder)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"{archive} is no whole zip file ({error})") from error
    return len(chosen)


def _safe(member: zipfile.ZipInfo, archive: Path) -> str:
    """Return the name of a member that is a plain file inside the archive."""
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ValueError(f"{archive} holds a link, {member.filename!r}; refused")
    return _inside(member.filename, archive)


def _inside(name: str, archive: Path) -> str:
    path = PurePosixPath(name)
    drive = "\\" in name or ":" in name.split("/")[0]
    if path.is_absolute() or ".." in path.parts or drive or not path.parts:
        raise ValueError(f"{archive} holds {name!r}, outside of its folder; refused")
    return name


def _measure(chosen: list, archive: Path, folder: Path, most: int) -> None:
    """Refuse before anything is written."""
    if not chosen:
        raise ValueError(f"{archive} holds none of the files that it should")
    size = sum(member.file_size for member, _ in chosen)
    if size > most:
        raise ValueError(f"{archive} would unpack to {size:,} bytes; at most {most:,}")
    free = shutil.disk_usage(folder.parent).free
    if size > free:
        raise OSError(f"{archive} needs {size:,} bytes, {folder.parent} has {free:,}")
