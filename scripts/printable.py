"""Text from outside (names, lines of files, arguments) as a person may see it, as src/base/printable.hpp has it."""
import argparse
import re

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
                         "\ufff9-\ufffb\U000e0000-\U000e007f]")
SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def escaped(match):
    code = ord(match[0])
    if 0xdc80 <= code <= 0xdcff:  # Python's sign of a byte that is not UTF-8
        return f"\\x{code - 0xdc00:02x}"
    if code < 0x20:
        return SHORT.get(match[0], f"\\x{code:02x}")
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at:at + 2].hex()}" for at in range(0, len(units), 2))


def printable(text):
    """On one line: control characters, those without width or that reverse the text, and what is not UTF-8, escaped."""
    return UNPRINTABLE.sub(escaped, str(text))


def printable_lines(text):
    return "\n".join(map(printable, str(text).split("\n")))


class Parser(argparse.ArgumentParser):
    """Whose messages quote the arguments printably."""

    def __init__(self, **options):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message):
        super().error(printable(message))
