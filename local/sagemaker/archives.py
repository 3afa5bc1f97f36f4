"""model.tar.gz: packed so that equal folders give equal bytes, unpacked so that nothing leaves its folder."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path


class ArchiveError(ValueError):
    """An archive that cannot be unpacked safely, or not at all."""


def pack(folder: Path, archive: Path) -> bool:
    """Pack the folder's regular files, sorted, without times and owners; False and no archive when there is none."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    if not files:
        return False
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for file in files:
            member = tarfile.TarInfo(file.relative_to(folder).as_posix())
            member.size = file.stat().st_size
            member.mode = 0o644
            with file.open("rb") as content:
                tar.addfile(member, content)
    return True


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar.gz into the folder.

    Raises ArchiveError when it is no readable tar.gz, or a member is a link, a device, or lies outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if not (member.isfile() or member.isdir()):
                    raise ArchiveError(f"The archive holds '{member.name}', which is neither a file nor a folder.")
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveError(f"The archive cannot be unpacked: {error}") from error
