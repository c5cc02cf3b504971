"""Download the data sets that some faults need; nothing else downloads anything.

make data DATA_SETS=mnist,reuters
"""

from __future__ import annotations

import sys

from common import console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TransferSpeedColumn

from harness.data import data_folder
from harness.data.download import downloads, fetch
from harness.vocabulary import HarnessError


def main(words: list[str]) -> int:
    screen, folder = console(), data_folder()
    wanted = downloads([name for word in words for name in word.split(",") if name])
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    for download in wanted:
        with Progress(*columns, console=screen, transient=True) as bar:
            task = bar.add_task(download.file, total=download.bytes)

            def show(here: int, total: int, bar: Progress = bar, task: TaskID = task) -> None:
                bar.update(task, completed=here, total=total)

            new = fetch(download, folder, show)
        screen.print(f"{'downloaded' if new else 'is there'}: {folder / download.file}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped; repeat the command to go on from here", file=sys.stderr)
        sys.exit(130)
