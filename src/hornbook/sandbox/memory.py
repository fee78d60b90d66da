"""Makes the forks of a process cheaper by where its memory lies. Sent as text, and used on this side; standard library only.

Source: madvise(2) MADV_COLLAPSE, https://docs.kernel.org/admin-guide/mm/transhuge.html
"""

from __future__ import annotations

import ctypes

MADV_COLLAPSE = 25
LARGE = 2 << 20


def gather() -> None:
    """Have the kernel move the memory of this process into large pages, where it has them and can (from Linux 6.1 on).

    A fork copies one entry for each instead of 512, and goes through as many when it ends. A large page is shared as before: of what a
    fork writes to, it gets four kilobytes.
    """
    try:
        with open("/proc/self/maps", "rb") as file:
            regions = [line.split() for line in file]
    except OSError:
        return
    madvise = ctypes.CDLL(None).madvise
    for place, rights, _, device, _, *name in regions:
        if rights == b"rw-p" and device == b"00:00" and name in ([], [b"[heap]"]):
            begin, end = (int(edge, 16) for edge in place.split(b"-"))
            for start in range(-(-begin // LARGE) * LARGE, end - LARGE + 1, LARGE):
                madvise(ctypes.c_void_p(start), ctypes.c_size_t(LARGE), MADV_COLLAPSE)
