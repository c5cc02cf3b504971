"""Errors of foreign code, told in one line that names the foreign line."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import TracebackType

from harness.vocabulary import message_of

_HARNESS = str(Path(__file__).resolve().parents[1])


def described_at(error: BaseException) -> str:
    """An exception in one line, with the innermost line of code that is not the harness' own.

    >>> def fails():
    ...     raise ValueError("no idea")
    >>> try:
    ...     fails()
    ... except ValueError as error:
    ...     described_at(error).startswith("ValueError: no idea")
    True
    """
    message = " ".join(message_of(error, "(its message cannot be shown)").split())[:500]
    kind = type(error).__name__
    what = f"{kind}: {message}" if message else kind
    place = _place(error.__traceback__)
    return f"{what} ({place})" if place else what


def _place(trace: TracebackType | None) -> str:
    """``file:line: code`` of the innermost frame outside harness and libraries; '' if none is."""
    found = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        foreign = not file.startswith((_HARNESS, sys.base_prefix, sys.prefix, "<frozen"))
        if foreign or (not found and "/techniques/" in file):
            code = linecache.getline(file, trace.tb_lineno).strip()
            found = f"{file}:{trace.tb_lineno}" + (f": {code[:200]}" if code else "")
        trace = trace.tb_next
    return found
