"""YAML files that anybody may have written: plain values only, read within bounds.

A file is small, nests little, repeats nothing and refers to nothing: keys are texts and stand once,
there are no anchors, aliases, merges or tags. Numbers are what they look like: YAML 1.1 would read
``010`` as 8, ``1:30`` as 90 and ``2024-01-01`` as a date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from harness.vocabulary import HarnessError

LARGEST_FILE = 32 * 1024
"""Bytes of a file, at most: it is read within a second."""

DEEPEST = 16
"""Levels of nesting, at most."""

MOST_VALUES = 2_000
"""Keys, values and lists of a file together, at most."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The content of a file, and where it stands."""

    path: Path
    content: Any
    lines: Mapping[str, int]
    """Line (from 1) of every key of the first two levels, as ``key`` and ``key.key``."""

    def fail(self, message: str, *at: str) -> HarnessError:
        """An error that names the file, and the line of a key or of the key around it."""
        found = (self.lines.get(".".join(at[:n])) for n in (2, 1))
        line = next((line for line in found if line is not None), 1)
        return HarnessError(f"{self.path}:{line}: {message}")


def read_yaml_file(path: Path) -> YamlFile:
    """Read a file.

    Raises:
        HarnessError: If it cannot be read, is too large, is not UTF-8, or is not such YAML; names
            file and line.
    """
    text = _text_of(path)
    try:
        loader = _PlainLoader(text)
        root = loader.get_single_node()
        content = None if root is None else loader.construct_document(root)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise HarnessError(f"{path}:{line}: not readable as YAML: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        problem = str(error.problem or error.context)[:300]
        raise HarnessError(f"{path}:{line}: not readable as YAML: {problem}") from None
    return YamlFile(path, content, {} if root is None else _lines(root))


def _text_of(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise HarnessError(f"{path}: not readable as YAML: it is no file")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise HarnessError(f"{path}: not readable as YAML: {error.strerror or error}") from None
    if len(content) > LARGEST_FILE:
        raise HarnessError(
            f"{path}: not readable as YAML: it has more than {LARGEST_FILE // 1024} KiB"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise HarnessError(
            f"{path}:{line}: not readable as YAML: it is not UTF-8 (byte "
            f"{content[error.start]:#04x}). Save it as UTF-8"
        ) from None


class _PlainLoader(yaml.SafeLoader):
    """Composes the nodes of a document one by one, and stops at the first that is not plain."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _not_plain("anchors and aliases are not read: write the value out", event)
        if event.tag is not None:
            raise _not_plain(
                f"could not determine a value for the tag {event.tag[:80]}: write a plain one",
                event,
            )
        self._values += 1
        if self._values > MOST_VALUES:
            raise _not_plain(f"it has more than {MOST_VALUES:,} values", event)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _not_plain(f"it nests more than {DEEPEST} levels", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(node, yaml.MappingNode):
            _check_keys(node)
        return node


def _check_keys(node: yaml.MappingNode) -> None:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _not_plain("a key is a text, not a list or a mapping", key)
        if key.tag != "tag:yaml.org,2002:str":
            raise _not_plain(f"the key {key.value} is no text: write '{key.value}' in quotes", key)
        if key.value in seen:
            raise _not_plain(f"the key '{key.value}' stands in line {seen[key.value]} already", key)
        seen[key.value] = key.start_mark.line + 1


def _not_plain(message: str, at: Any) -> ComposerError:
    return ComposerError(None, None, message, at.start_mark)


def _scalar(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    """A number or a date, if that is what a reader would take it for."""
    kind, text = node.tag.rpartition(":")[2], node.value
    if kind == "int" and re.fullmatch(r"[-+]?(0|[1-9][0-9_]*)", text) and len(text) <= 100:
        return int(text.replace("_", ""))
    if kind == "float" and ":" not in text:
        return loader.construct_yaml_float(node)
    kinds = {"int": "a number in another notation", "float": "a time", "timestamp": "a date"}
    shown = text if len(text) <= 40 else f"{text[:20]}..."
    raise ConstructorError(
        None,
        None,
        f"YAML takes {shown} for {kinds[kind]}. Write a text in quotes, a number with its decimal "
        "digits, not too many",
        node.start_mark,
    )


for _kind in ("int", "float", "timestamp"):
    _PlainLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _scalar)


def _lines(root: yaml.Node) -> dict[str, int]:
    found: dict[str, int] = {}
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            found[key.value] = key.start_mark.line + 1
            if isinstance(value, yaml.MappingNode):
                for inner, _ in value.value:
                    found[f"{key.value}.{inner.value}"] = inner.start_mark.line + 1
    return found
