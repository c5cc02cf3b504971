"""Files that are no plain YAML: each is one message with its line, and soon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.subjects.yaml_files import LARGEST_FILE, read_yaml_file
from harness.vocabulary import HarnessError

BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

BAD: dict[str, tuple[str, str]] = {
    "aliases": (BOMB, ":1: .*anchors and aliases are not read"),
    "an alias to nothing": ("a: 1\nb: *c\n", ":2: .*anchors and aliases"),
    "a merge": ("a: 1\n<<: {b: 2}\n", ":2: .*the key << is no text"),
    "lists in lists": ("a:\n  " + "[" * 5000, ":2: .*nests more than 16 levels"),
    "mappings in mappings": ("{a: " * 5000, ":1: .*nests more than 16 levels"),
    "blocks in blocks": ("- " * 8000, "nests more than 16 levels"),
    "keys in keys": ("? " * 8000, "nests more than 16 levels"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", ":3: .*the key 'a' stands in line 1 already"),
    "a key twice, within": ("a: {b: 1,\n  b: 2}\n", ":2: .*the key 'b' stands in line 1"),
    "a number as key": ("1: a\n", ":1: .*the key 1 is no text: write '1' in quotes"),
    "a truth value as key": ("a: 1\non: a\n", ":2: .*the key on is no text"),
    "nothing as key": ("~: a\n", "the key ~ is no text"),
    "a list as key": ("? [a, b]\n: c\n", ":1: .*a key is a text, not a list"),
    "a mapping as key": ("{a: 1}: c\n", "a key is a text, not a list or a mapping"),
    "a tag": ("a: !!binary aGk=\n", "a value for the tag .*binary: write a plain one"),
    "an object": (
        "a: !!python/object/apply:os.getcwd []\n",
        "a value for the tag .*getcwd: write a plain one",
    ),
    "a date": ("a: b\nc: 2024-01-01\n", ":2: .*takes 2024-01-01 for a date"),
    "no date": ("c: 2024-99-01\n", "takes 2024-99-01 for a date"),
    "an octal number": ("a: 010\n", "takes 010 for a number in another notation"),
    "a number to the base 60": ("a: 1:30\n", "takes 1:30 for a number in another notation"),
    "a time": ("a: 1:30.5\n", "takes 1:30.5 for a time"),
    "a long number": ("a: " + "9" * 9000, "takes 9+... for a number"),
    "a tab": ("a:\n\tb: 1\n", r":2: .*found character '\\t'"),
    "a control character": ("a: 1\nb: \0\n", ":2: .*special characters"),
    "two documents": ("a: 1\n---\nb: 1\n", "another document"),
    "an open quote": ('a: "b\n', "not readable as YAML"),
    "a long list": ("a: [" + "1, " * 9000 + "]", "more than 2,000 values"),
    "a large file": ("a: " + "x" * LARGEST_FILE, "more than 32 KiB"),
    "a long tag": ("!" * 30_000, "the tag"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.timeout(20)
def test_what_is_not_plain_is_one_message(case: str, tmp_path: Path) -> None:
    text, message = BAD[case]
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(HarnessError, match=message) as caught:
        read_yaml_file(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 500


def test_other_encodings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes("a: 1\nb: größe\n".encode("latin-1"))
    with pytest.raises(HarnessError, match=r"x\.yaml:2: .*not UTF-8 \(byte 0xf6\)"):
        read_yaml_file(path)
    path.write_bytes("a: 1".encode("utf-16"))
    with pytest.raises(HarnessError, match="not UTF-8"):
        read_yaml_file(path)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "device.yaml").symlink_to("/dev/zero")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    for path in tmp_path.iterdir():
        with pytest.raises(HarnessError, match=f"{path.name}: not readable as YAML: "):
            read_yaml_file(path)


def test_plain_content_is_read_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("\ufeffa: 1_000\nb:\n  c: [yes, 1.0e-3, .inf, ~]\n  d: '010'\n", "utf-8")
    file = read_yaml_file(path)
    assert file.content == {"a": 1000, "b": {"c": [True, 0.001, float("inf"), None], "d": "010"}}
    assert file.lines == {"a": 1, "b": 2, "b.c": 3, "b.d": 4}
    assert str(file.fail("odd", "b", "d")) == f"{path}:4: odd"
    assert str(file.fail("odd", "b", "e")) == f"{path}:2: odd"
    assert str(file.fail("odd")) == f"{path}:1: odd"


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    for text in ("", "# nothing\n", "---\n"):
        (tmp_path / "x.yaml").write_text(text)
        assert read_yaml_file(tmp_path / "x.yaml").content is None
