"""Source files as values: what was read, from where, and its digest.

Owns the decoding of contracts §1 ("Text is UTF-8 …"): pure, bytes in and a value out.
"""

import msgspec

from pipeline_cli.domain.findings import Finding

#: The mark that some editors put before the text of a file in UTF-8.
BOM = "\ufeff"
_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_MARKS = tuple(mark for mark, _ in _BOMS)
#: So many leading bytes decide whether zeros make the pattern of UTF-16 or UTF-32.
_SAMPLE = 4096


#: A longer line of a log is reported and passed over, so that none can take up all memory.
MAX_LINE = 1 << 20


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Whole lines of a log, read from its end: the offset of the first, and their bytes.

    `data` is None for a single line that is longer than MAX_LINE.
    """

    offset: int
    data: bytes | None


class SourceFile(msgspec.Struct, frozen=True):
    """A text file as it was read.

    `path` is relative to the workspace, with slashes. `text` keeps every byte: what is not
    UTF-8 stands in it as lone surrogates (surrogateescape), a byte order mark as U+FEFF.
    """

    path: str
    text: str
    mtime_ns: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def data(self) -> bytes:
        """The bytes that were read."""
        return self.text.encode("utf-8", "surrogateescape")

    @property
    def digest(self) -> str:
        """A digest of the bytes that were read, to notice a change before a write."""
        return digest_of(self.data)

    @property
    def is_utf8(self) -> bool:
        """Whether the file may be rewritten; one that is not UTF-8 is only read."""
        return not any(finding.code == "not-utf8" for finding in self.findings)


def digest_of(data: bytes) -> str:
    """Return the digest by which two readings of a file are compared."""
    # Only a write needs it, and OpenSSL behind hashlib is slow to load.
    from hashlib import blake2b

    return blake2b(data, digest_size=16).hexdigest()


def foreign_encoding(data: bytes) -> str | None:
    """Name the encoding of text in UTF-16 or UTF-32; None for anything else.

    Told by the byte order mark, else by where zeros stand: text in these encodings has them
    at every second byte, or at three of four, and hardly elsewhere.
    """
    if data.find(0, 0, _SAMPLE) < 0 and not data.startswith(_MARKS):
        return None
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    sample = data[: min(len(data), _SAMPLE) // 4 * 4]
    if not sample.count(0):
        return None
    zeros = [sample[place::4].count(0) / (len(sample) // 4) for place in range(4)]
    mostly = [share > 0.7 for share in zeros]
    if mostly in ([True, True, True, False], [False, True, True, True]):
        return "UTF-32"
    if mostly in ([True, False, True, False], [False, True, False, True]):
        return "UTF-16"
    return None


def decode(path: str, data: bytes, *, mtime_ns: int = 0) -> SourceFile | Finding:
    """Decode a file's bytes; a file in UTF-16 or UTF-32 is a finding instead (contracts §1)."""
    encoding = foreign_encoding(data)
    if encoding:
        return Finding(
            code="not-text",
            severity="error",
            message=f"the file is {encoding}, not UTF-8, and reads as absent",
            path=path,
            hint=f"convert it: iconv -f {encoding} -t UTF-8 {path}",
        )
    try:
        return SourceFile(path, data.decode("utf-8"), mtime_ns)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        finding = Finding(
            code="not-utf8",
            severity="warning",
            message=f"byte 0x{data[error.start]:02x} is not UTF-8; such bytes are kept as they are",
            path=path,
            line=line,
            hint="save the file as UTF-8; until then no command rewrites it",
        )
        return SourceFile(path, data.decode("utf-8", "surrogateescape"), mtime_ns, (finding,))
