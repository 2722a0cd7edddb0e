import asyncio
import logging
import os
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from nsredis import tls
from nsredis.core.errors import InvalidField
from nsredis.tls import Certificates, TlsFiles, server_context
from tests.support.eventually import eventually

NAME = "name-server.test"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> TlsFiles:
    """A certificate, its key, and the authority's certificate, in files of their own."""
    renew(authority, tmp_path)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return TlsFiles(certificate=str(tmp_path / "cert.pem"), key=str(tmp_path / "key.pem"))


def renew(authority: trustme.CA, folder: Path, name: str = NAME) -> None:
    leaf = authority.issue_cert(name)
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(folder / "key.pem")


def served_name(context: ssl.SSLContext, authority: trustme.CA) -> str:
    """The name in the certificate that a handshake with this context shows."""
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    trusting.check_hostname = False
    ends = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, server = trusting.wrap_bio(*ends), context.wrap_bio(ends[1], ends[0], server_side=True)
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = client.getpeercert()
    assert certificate is not None
    return str(dict(certificate["subjectAltName"])["DNS"])  # type: ignore[arg-type]


def test_a_context_from_files(files: TlsFiles, authority: trustme.CA) -> None:
    context = server_context(files)
    assert served_name(context, authority) == NAME
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_NONE


def test_the_key_may_stand_beside_the_certificate(files: TlsFiles, authority: trustme.CA, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(Path(files.key).read_bytes() + Path(files.certificate).read_bytes())
    assert served_name(server_context(TlsFiles(certificate=str(both))), authority) == NAME


@pytest.mark.parametrize(
    ("auth", "mode"), [("none", ssl.CERT_NONE), ("optional", ssl.CERT_OPTIONAL), ("require", ssl.CERT_REQUIRED)]
)
def test_clients_may_have_to_show_a_certificate(
    files: TlsFiles, tmp_path: Path, auth: str, mode: ssl.VerifyMode
) -> None:
    given = TlsFiles(certificate=files.certificate, key=files.key, client_ca=str(tmp_path / "ca.pem"), client_auth=auth)
    assert server_context(given).verify_mode == mode


def test_a_key_may_have_a_password(files: TlsFiles, authority: trustme.CA, tmp_path: Path) -> None:
    key = load_pem_private_key(Path(files.key).read_bytes(), None)
    locked, password = tmp_path / "locked.pem", tmp_path / "password"
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")))
    password.write_text("open sesame\n")
    given = TlsFiles(certificate=files.certificate, key=str(locked), key_password_file=str(password))
    assert served_name(server_context(given), authority) == NAME
    password.write_text("closed")
    with pytest.raises(InvalidField, match="tls_key_password_file: the password does not open"):
        server_context(given)
    with pytest.raises(InvalidField, match=r"tls_key_password_file: "):  # and nobody is asked on a terminal
        server_context(TlsFiles(certificate=files.certificate, key=str(locked)))


@pytest.mark.parametrize(
    ("setting", "content", "words"),
    [
        ("tls_certificate", None, "cannot read .*cert.pem: No such file"),
        ("tls_key", None, "cannot read .*key.pem: No such file"),
        ("tls_client_ca", None, "cannot read .*ca.pem: No such file"),
        ("tls_key_password_file", None, "cannot read .*password: No such file"),
        ("tls_certificate", "nonsense", "no certificate with its key in .*cert.pem and .*key.pem"),
        ("tls_key", "another", "key.pem is not the key of .*cert.pem"),
        ("tls_client_ca", "nonsense", "ca.pem holds no certificates"),
    ],
)
def test_a_wrong_file_is_told_with_its_setting(
    files: TlsFiles, authority: trustme.CA, tmp_path: Path, setting: str, content: str | None, words: str
) -> None:
    names = {"tls_certificate": "cert.pem", "tls_key": "key.pem", "tls_client_ca": "ca.pem"}
    path = tmp_path / names.get(setting, "password")
    (tmp_path / "password").write_text("x")
    if content is None:
        path.unlink()
    elif content == "another":
        authority.issue_cert(NAME).private_key_pem.write_to_path(path)
    else:
        path.write_text(content)
    given = TlsFiles(
        certificate=files.certificate,
        key=files.key,
        key_password_file=str(tmp_path / "password"),
        client_ca=str(tmp_path / "ca.pem"),
        client_auth="require",
    )
    with pytest.raises(InvalidField, match=f"{setting}: .*{words}"):
        server_context(given)


async def test_a_changed_certificate_is_taken(
    files: TlsFiles, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "LOOK_EVERY_S", 0.01)
    certificates = await asyncio.to_thread(Certificates, files)
    before = certificates.context()
    watching = asyncio.create_task(certificates.watch())
    renew(authority, tmp_path, "renewed.test")
    await eventually(lambda: served_name(certificates.context(), authority) == "renewed.test")
    assert served_name(before, authority) == NAME
    now = certificates.context()
    await asyncio.sleep(0.05)
    assert certificates.context() is now
    watching.cancel()


def test_a_renewal_in_two_steps_is_no_fault(
    files: TlsFiles, authority: trustme.CA, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = Certificates(files)
    key = Path(files.key).read_bytes()
    renew(authority, tmp_path, "renewed.test")
    renewed = Path(files.key).read_bytes()
    Path(files.key).write_bytes(key)
    certificates.look()
    assert served_name(certificates.context(), authority) == NAME
    Path(files.key).write_bytes(renewed)
    certificates.look()
    assert served_name(certificates.context(), authority) == "renewed.test"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_file_that_stays_wrong_is_told_once_and_the_former_one_serves(
    files: TlsFiles, authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = Certificates(files)
    content = Path(files.certificate).read_bytes()
    Path(files.certificate).unlink()
    for _ in range(4):
        certificates.look()
    assert caplog.text.count("the changed certificate is not used: tls_certificate: cannot read") == 1
    assert served_name(certificates.context(), authority) == NAME
    Path(files.certificate).write_bytes(content)
    os.utime(files.certificate, ns=(1, 1))
    before = certificates.context()
    certificates.look()
    assert certificates.context() is not before
