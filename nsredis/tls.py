"""TLS of what listens: contexts made from files, and made anew when the files change."""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nsredis.core.errors import InvalidField

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 2.0

CLIENT_AUTH: Final = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "require": ssl.CERT_REQUIRED}
"""What tls_client_auth may be: whether clients show a certificate of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The settings of TLS. Paths of PEM files; an empty one is none."""

    certificate: str
    key: str = ""
    key_password_file: str = ""
    client_ca: str = ""
    client_auth: str = "none"

    def paths(self) -> tuple[str, ...]:
        """The files that there are."""
        return tuple(path for path in (self.certificate, self.key, self.key_password_file, self.client_ca) if path)


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """A context from what the files hold now. InvalidField, which names the setting. Reads files: not on the loop."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # what clients on Java 8 speak
    password = _Password(files.key_password_file)
    for setting, path in (("tls_certificate", files.certificate), ("tls_key", files.key or files.certificate)):
        _check_readable(setting, path)
    try:
        context.load_cert_chain(files.certificate, files.key or None, password)
    except (OSError, ValueError) as error:
        raise _about_key(files, error, password) from None
    if files.client_ca:
        _check_readable("tls_client_ca", files.client_ca)
        try:
            context.load_verify_locations(files.client_ca)
        except OSError as error:
            raise InvalidField("tls_client_ca", f"{files.client_ca} holds no certificates: {error}") from None
    context.verify_mode = CLIENT_AUTH[files.client_auth]
    return context


class _Password:
    """What OpenSSL asks for a key's password; without one it would ask on the terminal."""

    def __init__(self, path: str) -> None:
        self.asked = False
        self._password = b""
        if path:
            try:
                self._password = Path(path).read_bytes().rstrip(b"\r\n")
            except OSError as error:
                raise InvalidField("tls_key_password_file", f"cannot read {path}: {error.strerror}") from None

    def __call__(self) -> bytes:
        self.asked = True
        return self._password


def _check_readable(setting: str, path: str) -> None:
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise InvalidField(setting, f"cannot read {path}: {error.strerror}") from None


def _about_key(files: TlsFiles, error: Exception, password: _Password) -> InvalidField:
    """The setting that is wrong, and why: OpenSSL says little."""
    key = files.key or files.certificate
    if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
        return InvalidField("tls_key", f"{key} is not the key of {files.certificate}")
    if password.asked:
        return InvalidField("tls_key_password_file", f"the password does not open {key}")
    places = files.certificate if key == files.certificate else f"{files.certificate} and {key}"
    return InvalidField("tls_certificate", f"there is no certificate with its key in {places}: {error}")


class Certificates:
    """The context that new connections take: that of the files, as they were when they last were right.

    Connections that are open keep what they began with.
    """

    def __init__(self, files: TlsFiles) -> None:
        """Read the files. InvalidField; before the loop runs, or in a thread."""
        self._files = files
        self._seen = _marks(files)
        self._wrong = ""
        self._context = server_context(files)

    def context(self) -> ssl.SSLContext:
        """The context for a new connection."""
        return self._context

    async def watch(self) -> None:
        """Look at the files every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Read the files again if one has changed. Files that are wrong are told of, and the former ones serve on."""
        marks = _marks(self._files)
        if marks != self._seen:
            self._seen = marks
            self._read()
        elif self._wrong:
            log.error("the changed certificate is not used: %s", self._wrong)
            self._wrong = ""

    def _read(self) -> None:
        try:
            self._context = server_context(self._files)
        except InvalidField as error:
            self._wrong = error.detail  # told at the next look: files are replaced one after the other
        else:
            self._wrong = ""
            log.info("new connections get the changed certificate of %s", self._files.certificate)


def _marks(files: TlsFiles) -> tuple[object, ...]:
    """What changes with the files' content."""
    marks: list[object] = []
    for path in files.paths():
        try:
            about = Path(path).stat()
        except OSError as error:
            marks.append(error.errno)
        else:
            marks.append((about.st_mtime_ns, about.st_size, about.st_ino))
    return tuple(marks)
