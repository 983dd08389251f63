"""What a rule leaves behind for people: a picture; on a failure also a Playwright trace and the timeline.

It must never change a verdict: a page that can't be drawn any more has no picture, and that is all.
"""

from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError

from firstbyte.harness.sendstate.outcome import PICTURE, TIMELINE, TRACE
from firstbyte.harness.sendstate.page_under_test import PageUnderTest
from firstbyte.harness.sendstate.trace import redact_trace


def keep_picture(stage: PageUnderTest, folder: Path) -> tuple[str, ...]:
    """The page as it is. Returns the paths of what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (PICTURE, TRACE, TIMELINE):  # of an earlier run
        (folder / name).unlink(missing_ok=True)
    with suppress(PlaywrightError):
        stage.page.screenshot(path=folder / PICTURE, full_page=True)
    return _there(folder, PICTURE)


def keep_all(stage: PageUnderTest, folder: Path) -> tuple[str, ...]:
    """Picture, trace and timeline; the trace must have been started. Returns the paths."""
    keep_story(stage, folder)
    with suppress(PlaywrightError):
        stage.page.context.tracing.stop(path=folder / TRACE)
        redact_trace(folder / TRACE)
    return _there(folder, PICTURE, TRACE, TIMELINE)


def keep_story(stage: PageUnderTest, folder: Path) -> tuple[str, ...]:
    """Picture and timeline, for pages whose trace somebody else keeps. Returns the paths."""
    keep_picture(stage, folder)
    with suppress(PlaywrightError):
        (folder / TIMELINE).write_text(stage.story(), encoding="utf-8")
    return _there(folder, PICTURE, TIMELINE)


def _there(folder: Path, *names: str) -> tuple[str, ...]:
    return tuple(str(folder / name) for name in names if (folder / name).exists())
