"""Backups encrypted to age's public keys on their way, and decrypted on their way back, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from threading import Thread

from pyrage import DecryptError, decrypt_io, encrypt_io

from bot.age import Identity, parse_identities, parse_recipient
from bot.errors import DamagedBackup, KeyMissing
from bot.settings_storage import Encryption
from bot.storage.pipe import Pipe

ENCRYPTED = ".age"
_PIECE = 256 << 10


class Encryptor:
    """Encrypts what is written and hands it to `sink`, in a thread of its own, since age pulls what it encrypts."""

    def __init__(self, recipients: Sequence[str], sink: Callable[[bytes], None]) -> None:
        self._pipe = Pipe()
        self._sink = _Sink(sink)
        self._error: BaseException | None = None
        self._thread = Thread(
            target=self._run, args=([parse_recipient(text) for text in recipients],), name="encrypt", daemon=True
        )
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Raises what the sink raised."""
        try:
            self._pipe.write(data)
        except BrokenPipeError:
            self._thread.join()
            raise self._error or RuntimeError("the encryption has ended") from None

    def close(self) -> None:
        """No more will come: all of it is in the sink. Raises what the sink raised."""
        self._pipe.close()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def abandon(self) -> None:
        """End without a good end."""
        self._pipe.close(BrokenPipeError("the backup was given up"))
        self._thread.join()

    def _run(self, recipients: Sequence[object]) -> None:
        try:
            encrypt_io(self._pipe, self._sink, recipients)
            self._sink.flush()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever writes or closes
            self._error = self._sink.error or error
        finally:
            self._pipe.abandon()


def decrypted(chunks: Iterator[bytes], identities: Sequence[Identity], what: str) -> Generator[bytes]:
    """The plain bytes. Raises KeyMissing when no identity opens it, DamagedBackup, or what `chunks` raises."""
    if not identities:
        raise KeyMissing(f"{what} is encrypted, and no private key is configured.")
    pipe, source = Pipe(), _Source(chunks)

    def run() -> None:
        sink = _Sink(pipe.write)
        try:
            decrypt_io(source, sink, list(identities))
            sink.flush()
            pipe.close()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever reads
            pipe.close(_judged(error, source, what))

    thread = Thread(target=run, name="decrypt", daemon=True)
    thread.start()
    try:
        while data := pipe.read():
            yield data
    finally:
        pipe.abandon()
        thread.join()


def identities_of(encryption: Encryption | None, environment: Mapping[str, str]) -> tuple[Identity, ...]:
    """The private keys that the settings name; none where they name none. Raises KeyMissing."""
    if encryption is None:
        return ()
    found: tuple[Identity, ...] = ()
    if (path := encryption.identity_file) is not None:
        try:
            found += _parsed(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise KeyMissing(f"The private key {path} cannot be read: {error}.") from error
    if (variable := encryption.identity_env) is not None:
        if not environment.get(variable):
            raise KeyMissing(f"The environment variable {variable}, which is to hold the private key, is not set.")
        found += _parsed(environment[variable], f"The environment variable {variable}")
    return found


def _parsed(text: str, where: str) -> tuple[Identity, ...]:
    try:
        return parse_identities(text)
    except ValueError as error:
        raise KeyMissing(f"{where} {error}.") from None


def _judged(error: BaseException, source: _Source, what: str) -> BaseException:
    if not isinstance(error, (DecryptError, OSError)) or source.error is not None:
        return source.error or error
    try:
        source.drain()  # whether size or SHA-256 differ says more than what age makes of it
    except BaseException as deeper:  # noqa: BLE001 - handed to the reader
        return deeper
    if "No matching keys" in str(error):
        return KeyMissing(f"None of the configured private keys opens {what}.")
    return DamagedBackup(f"{what} cannot be decrypted: {error}.", "Choose another backup; keep this one for inquiry.")


class _Sink:
    """The file that age writes to; gathers its small pieces, and keeps the error that it would not hand on whole."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._gathered = bytearray()
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        self._gathered += data
        if len(self._gathered) >= _PIECE:
            self.flush()
        return len(data)

    def flush(self) -> None:
        data, self._gathered = bytes(self._gathered), bytearray()
        try:
            if data:
                self._take(data)
        except BaseException as error:
            self.error = error
            raise


class _Source:
    """The file that age reads from; keeps the error that it would not hand on whole."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b""))
        except BaseException as error:
            self.error = error
            raise
        wanted = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:wanted], self._rest[wanted:]
        return bytes(piece)

    def drain(self) -> None:
        for _ in self._chunks:
            pass
