"""Certificates for an Engine that is reached by TLS, and a TLS server in front of a socket, as an operator puts one."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.processes import HOST

_CHUNK = 1 << 16
Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def make_certificates(folder: Path) -> Path:
    """Fill it with an authority's `ca.pem`, and with `cert.pem` and `key.pem` for 127.0.0.1, server and client."""
    authority, authority_key = _certificate("authority", None)
    ours, our_key = _certificate(HOST, (authority, authority_key))
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(authority.public_bytes(pem))
    (folder / "cert.pem").write_bytes(ours.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        our_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


def client_files(certificates: Path) -> dict[str, Path]:
    """As `[docker]` names them."""
    return {f"tls_{name}": certificates / f"{name}.pem" for name in ("ca", "cert", "key")}


@contextmanager
def tls_front(behind: Path, certificates: Path) -> Iterator[str]:
    """An address that lets in who has a certificate of the authority, and passes on to the socket `behind`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    # Not by threads: two may not read and write on one connection of TLS.
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(partial(_pass, behind), HOST, 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"tcp://{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _pass(behind: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    far_reader, far_writer = await asyncio.open_unix_connection(str(behind))
    upload = asyncio.create_task(_pump(reader, far_writer))
    try:
        await _pump(far_reader, writer)
    finally:
        upload.cancel()
        for each in (writer, far_writer):
            each.close()
        for each in (writer, far_writer):
            with suppress(OSError):
                await each.wait_closed()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(_CHUNK):
            sink.write(chunk)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


async def _end(server: asyncio.Server) -> None:
    server.close()
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _certificate(name: str, issuer: Pair | None) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signer, signing_key = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
        builder = builder.add_extension(address, critical=False)
    return builder.sign(signing_key, hashes.SHA256()), key
