"""Modules that leave, loop, print, or raise what nobody catches."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from harness.subjects import foreign
from harness.subjects.foreign import import_foreign, in_words, line_in
from harness.vocabulary import HarnessError

BAD = {
    "sys.exit": ("import sys\nsys.exit()", ":2: .*SystemExit"),
    "exit with a text": ("raise SystemExit('enough')", ":1: .*SystemExit: enough"),
    "an exception of its own": (
        "class Odd(BaseException):\n    pass\nraise Odd('no')",
        ":3: .*Odd: no",
    ),
    "an interrupt": ("x = 1\nraise KeyboardInterrupt", ":2: .*KeyboardInterrupt"),
    "an end of a generator": ("raise GeneratorExit", ":1: .*GeneratorExit"),
    "an error without words": (
        "class Odd(Exception):\n    def __str__(self):\n        raise Exception\n"
        "    __repr__ = __str__\nraise Odd",
        ":5: .*: Odd$",
    ),
    "endless recursion": ("def f():\n    f()\nf()", ":2: .*RecursionError"),
    "no syntax": ("x = 1\ndef f(:", ":2: .*SyntaxError"),
    "bytes": ("x = '\0'", ":1: .*(SyntaxError|ValueError)"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("main_thread", [True, False])
def test_what_a_module_raises_is_one_message(case: str, main_thread: bool, tmp_path: Path) -> None:
    text, message = BAD[case]
    path = tmp_path / "bad.py"
    path.write_text(text)
    caught: list[BaseException] = []

    def attempt() -> None:
        try:
            import_foreign(path)
        except BaseException as error:
            caught.append(error)

    if main_thread:
        attempt()
    else:
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    with pytest.raises(HarnessError, match=rf"bad\.py{message}"):
        raise caught[0]


@pytest.mark.parametrize(
    "text",
    [
        "while True:\n    pass",
        "while True:\n    try:\n        while True: pass\n    except Exception:\n        pass",
    ],
)
def test_an_endless_import_is_stopped(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "IMPORT_LIMIT", 0.3)
    before = signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT)
    (tmp_path / "slow.py").write_text(text)
    with pytest.raises(HarnessError, match=r"slow\.py:\d+: .*it takes more than 0\.3 s"):
        import_foreign(tmp_path / "slow.py")
    assert (signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT)) == before


def test_the_keyboard_still_interrupts(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True:\n    pass"
    )
    with pytest.raises(KeyboardInterrupt):
        import_foreign(tmp_path / "slow.py")


def test_prints_and_folders_of_a_module_stay_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loud.py").write_text(
        "import logging, os, sys\n"
        "print('x' * 10_000_000)\n"
        "sys.stderr.write('beware')\n"
        "LOGGER = logging.StreamHandler(sys.stderr)\n"
        "sys.stdout = None\n"
        "os.chdir('/')\n"
    )
    here = os.getcwd()
    module = import_foreign(tmp_path / "loud.py")
    assert os.getcwd() == here
    print("after")
    module.LOGGER.stream.write("its own stream stays open")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("after\n", "")


def test_an_error_in_a_line() -> None:
    assert in_words(ValueError("one\ntwo")) == "ValueError: one"
    assert in_words(ValueError()) == "ValueError"
    assert line_in(Path("elsewhere.py"), ValueError()) == 1
