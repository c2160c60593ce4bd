"""Reads and writes the binary format of wasm, as far as `wasm-sizes` and `wasm-cut` need it."""

from collections.abc import Iterator

CUSTOM, TYPE, IMPORT, FUNCTION, TABLE, MEMORY, EXPORT, ELEMENT, CODE = 0, 1, 2, 3, 4, 5, 7, 9, 10
HEADER = b"\0asm\1\0\0\0"


class Reader:
    """Reads the numbers and names of the format, in order."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            raise ValueError("the file ends too early")
        self.at += count
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """An unsigned LEB128 number."""
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def name(self) -> str:
        return self.take(self.number()).decode()

    def limits(self) -> tuple[int, int | None]:
        """Least and most size of a table (elements) or memory (pages of 64 KiB)."""
        bounded = self.byte()
        least = self.number()
        return least, self.number() if bounded & 1 else None


def number(value: int) -> bytes:
    """An unsigned LEB128 number, as [`Reader.number`] reads it."""
    written = b""
    while value >= 0x80:
        written += bytes([value & 0x7F | 0x80])
        value >>= 7
    return written + bytes([value])


def sections(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each section, in order."""
    if data[:8] != HEADER:
        raise ValueError("not a wasm file")
    reader = Reader(data)
    reader.take(8)
    while reader.at < len(data):
        kind = reader.byte()
        yield kind, reader.take(reader.number())


def imports(content: bytes) -> Iterator[str]:
    """Module and name of each import; contracts import functions alone."""
    reader = Reader(content)
    for _ in range(reader.number()):
        name = f"{reader.name()}.{reader.name()}"
        if reader.byte() != 0:
            raise ValueError(f"import {name} is no function")
        reader.number()
        yield name


def function_names(data: bytes) -> dict[int, str]:
    """Names by index, when the file still has them; imports come first."""
    for kind, content in sections(data):
        reader = Reader(content)
        if kind != CUSTOM or reader.name() != "name":
            continue
        while reader.at < len(content):
            part = reader.byte()
            names = Reader(reader.take(reader.number()))
            if part == 1:  # of functions; the others are of the module and of locals
                return {names.number(): names.name() for _ in range(names.number())}
    return {}
