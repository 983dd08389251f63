"""Targets are found by name. If a tool is missing, the message has the command that installs it."""

import json
from pathlib import Path

import msgspec
import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.runner.plan import Options
from firstbyte.harness.runner.selection import plans, select
from firstbyte.harness.targets import install, npm
from firstbyte.harness.targets.catalogue import find_target, rows
from firstbyte.harness.targets.hono.runtime import RUNTIMES
from firstbyte.harness.targets.hono.target import Hono

HONO = [runtime.name for runtime in RUNTIMES]


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of packages."""
    monkeypatch.setenv("FIRSTBYTE_CACHE", str(tmp_path))
    return tmp_path


def test_every_target_is_listed_and_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "targets", "--json"]) == 0
    listed = [(row["id"], row["summary"]) for row in json.loads(capsys.readouterr().out)]
    assert listed == list(rows())
    assert {"reference", *HONO} <= {name for name, _ in listed}
    assert [find_target(name).name for name in ("reference", *HONO)] == ["reference", *HONO]


@pytest.mark.parametrize("name", HONO)
@pytest.mark.usefixtures("nothing_installed")
def test_a_target_without_its_packages_says_how_to_get_them(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "act-4", "--target", name, "--time-scale", "50"]) == 3
    assert f"-m firstbyte.harness.targets.install {name}`" in capsys.readouterr().err


@pytest.mark.usefixtures("nothing_installed")
def test_without_npm_an_installation_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert install.main(["hono-node"]) == 3
    assert "npm" in capsys.readouterr().err
    assert install.main(["reference"]) == 0


def test_an_installation_that_fails_says_what_npm_said_and_is_not_taken_for_whole(
    nothing_installed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    npm_program = nothing_installed / "bin" / "npm"
    npm_program.parent.mkdir()
    npm_program.write_text("#!/bin/sh\necho the network is down\nexit 1\n")
    npm_program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm_program.parent}:/usr/bin:/bin")
    assert install.main(["hono-node"]) == 3
    assert "the network is down" in capsys.readouterr().err
    assert not RUNTIMES[-1].installed.is_there


def test_the_cache_is_in_the_clone_or_where_the_user_says(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRSTBYTE_CACHE", raising=False)
    assert npm.cache_dir() == root / ".cache"
    monkeypatch.setenv("FIRSTBYTE_CACHE", str(tmp_path))
    assert npm.cache_dir() == tmp_path


def test_lock_files_pin_every_package_by_its_hash_and_name_no_registry(root: Path) -> None:
    locks = sorted((root / "harness" / "targets").rglob("package-lock.json"))
    assert locks
    for path in locks:
        packages = msgspec.json.decode(path.read_bytes())["packages"]
        assert all("integrity" in one for name, one in packages.items() if name), path
        assert not any("resolved" in one for one in packages.values()), path


def test_versions_are_those_of_the_lock_file() -> None:
    assert find_target("hono-bun").versions() == {"bun": "1.3.10", "hono": "4.10.7"}
    assert find_target("hono-bun-1.4").versions() == {"bun": "1.4.5", "hono": "4.13.19"}
    assert find_target("hono-node").versions()["hono"] == "4.13.19"


def test_a_target_has_no_virtual_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "act-4", "--target", "hono-bun", "--mode", "sim"]) == 2
    assert "no virtual time" in capsys.readouterr().err


def test_what_a_runtime_can_not_play_is_refused_with_the_reason() -> None:
    options = Options(mode="real", target="hono-bun")
    refused = {plan.refusal for plan in plans(select([]), (), options)}
    assert refused == {
        "",
        "it answers with handlers, not with a scripted wire shape",
        "its API has the 1.2 form only",
        "Bun has no way to send a 1xx answer",
    }


def test_an_expectation_is_kept_where_the_handler_does_the_same_and_dropped_elsewhere() -> None:
    (scenario,) = select(["act-4b"])
    kept = {name: isinstance(t := find_target(name), Hono) and t.expects(scenario) for name in HONO}
    assert kept == {"hono-bun": True, "hono-bun-1.4": False, "hono-node": False}
