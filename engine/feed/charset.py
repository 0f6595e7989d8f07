"""A source's bytes as UTF-8: GB 18030 by the C library, Python's own codec for all else and for what that refuses.

The C library takes half the time, and meanwhile Python's other threads go on, which feed the database. Both say the same.
"""

import codecs
import ctypes
import ctypes.util
import sys
import weakref
from collections.abc import Callable

GB18030 = "gb18030"
# Characters without a code point when GB 18030 was first tabled, in Python and elsewhere: of private use then, and what they are.
PRIVATE = "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\ue816\ue817\ue818\ue81e\ue826\ue82b\ue82c\ue831\ue832\ue83b\ue843\ue854\ue855\ue864"
TODAY = "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\U00020087\U00020089\U000200cc\u9fb4\u9fb5\u9fb6\u9fb7\U000215d7\u9fb8\U0002298f\u9fb9\u9fba\U000241fe\u9fbb"  # fmt: skip
AS_TODAY = str.maketrans(PRIVATE, TODAY)
OF_PRIVATE_USE = b"\xee"  # their first byte in UTF-8, and no other's
NUL, UNREADABLE = b"\0", "\ufffd".encode()  # the first, no database takes
FAILED = ctypes.c_size_t(-1).value


def reader(encoding: str) -> Callable[[bytes], bytes]:
    """What makes UTF-8 of whole lines, for one thread; what is no character becomes U+FFFD."""
    gb18030 = codecs.lookup(encoding).name == GB18030
    convert = _by_the_c_library(GB18030) if gb18030 else _by_nothing

    def read(data: bytes) -> bytes:
        made = convert(data) or data.decode(encoding, "replace").encode()
        if gb18030 and OF_PRIVATE_USE in made:
            made = made.decode().translate(AS_TODAY).encode()
        return made.replace(NUL, UNREADABLE) if NUL in made else made

    return read


def _by_the_c_library(encoding: str) -> Callable[[bytes], bytes | None]:
    try:
        return Iconv(encoding).utf8
    except (OSError, AttributeError, LookupError):
        return _by_nothing


def _by_nothing(data: bytes) -> None:
    """Python's own codec is asked."""


class Iconv:
    """iconv(3) from an encoding to UTF-8."""

    def __init__(self, encoding: str) -> None:
        """LookupError where the C library does not know it, OSError or AttributeError where it has no iconv."""
        library = ctypes.CDLL(ctypes.util.find_library("iconv") if sys.platform == "darwin" else None)
        library.iconv_open.restype, library.iconv.restype = ctypes.c_void_p, ctypes.c_size_t
        opened = library.iconv_open(b"UTF-8", encoding.encode())
        if opened == FAILED:
            raise LookupError(encoding)
        self._iconv, self._opened = library.iconv, ctypes.c_void_p(opened)
        self._room = ctypes.create_string_buffer(0)
        weakref.finalize(self, library.iconv_close, self._opened)

    def utf8(self, data: bytes) -> bytes | None:
        """None if something is no character."""
        if len(self._room) < 2 * len(data):  # two bytes become three, four at most four
            self._room = ctypes.create_string_buffer(2 * len(data))
        start, end = ctypes.c_char_p(data), ctypes.c_char_p(ctypes.addressof(self._room))
        left, free = ctypes.c_size_t(len(data)), ctypes.c_size_t(len(self._room))
        by_reference = map(ctypes.byref, (start, left, end, free))
        if self._iconv(self._opened, *by_reference) == 0:
            return ctypes.string_at(self._room, len(self._room) - free.value)
        self._iconv(self._opened, None, None, None, None)
        return None
