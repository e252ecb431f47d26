"""Ties the life of a process to its parent's, so that a killed program leaves nothing running behind."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """Ask the kernel to send this process `signal_number` when its parent ends; on Linux only."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal_number)
