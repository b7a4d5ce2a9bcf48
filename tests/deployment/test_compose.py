"""compose.yaml as Compose itself reads it: complete, no default secrets, and the same processes as bin/services."""

import json
import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from runner.workers import SMS_WORKERS, WORKER_GRACE, workers

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = Path(sysconfig.get_path("scripts")) / "docker-compose"
SECRETS = (
    "SECRET_KEY", "WHATSMASSIVE_SEAL_KEYS", "MONGO_ROOT_PASSWORD", "MONGO_PASSWORD", "MONGO_KEYFILE", "REDIS_PASSWORD",
)  # fmt: skip
APP = {"migrate", "web", "beat", "engine", "campaigns", "sms", "sessions", "whatsapp"}


def compose(environment: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Its exit code says nothing: the wheel's wrapper drops it.
    return subprocess.run(
        [str(COMPOSE), "-f", str(ROOT / "compose.yaml"), "--env-file", str(environment), "config", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(environment.parent)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def make_secrets(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "bin" / "secrets"), *arguments],
        env={**os.environ, "ENV_FILE": str(file)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def values(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("compose") / "env"
    made = make_secrets(file, "https://pages.example.com")
    assert made.returncode == 0, made.stderr
    return file


@pytest.fixture(scope="module")
def services(environment: Path) -> dict[str, Any]:
    read = compose(environment, "--format", "json")
    assert not read.stderr, read.stderr
    found: dict[str, Any] = json.loads(read.stdout)["services"]
    return found


class TestSecrets:
    def test_they_are_made_once_for_the_owner_alone(self, tmp_path: Path) -> None:
        file = tmp_path / "env"
        made = make_secrets(file, "https://pages.example.com:8443/")
        assert made.returncode == 0, made.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        found = values(file)
        assert len({found[name] for name in SECRETS}) == len(SECRETS)
        assert all(len(found[name]) >= 44 for name in SECRETS)
        Fernet(found["WHATSMASSIVE_SEAL_KEYS"])
        assert (found["ALLOWED_HOSTS"], found["INSECURE_HTTP"]) == ("pages.example.com", "no")
        assert not any(found[name] in made.stdout + made.stderr for name in SECRETS)

        before = file.read_text()
        again = make_secrets(file)
        assert again.returncode == 1
        assert "there already" in again.stderr
        assert file.read_text() == before

    def test_example_names_what_is_made_and_holds_no_value(self, environment: Path) -> None:
        example = values(ROOT / ".env.example")
        assert example == dict.fromkeys(values(environment), "")

    @pytest.mark.parametrize("name", SECRETS)
    def test_none_has_a_default(self, environment: Path, tmp_path: Path, name: str) -> None:
        lines = [line for line in environment.read_text().splitlines() if not line.startswith(f"{name}=")]
        (tmp_path / "env").write_text("\n".join(lines))
        assert f"variable {name} is missing a value: run bin/secrets" in compose(tmp_path / "env", "--quiet").stderr


class TestServices:
    def test_compose_takes_the_file(self, environment: Path) -> None:
        read = compose(environment, "--quiet")
        assert (read.stdout, read.stderr) == ("", "")

    def test_processes_are_those_of_the_runner(self, services: dict[str, Any], tmp_path: Path) -> None:
        runner = {one.name: list(one.command[1:]) for one in workers(tmp_path, web_port=8000, servers=[])}
        runner["sms"] = [word.replace("sms1", "sms") for word in runner.pop("sms1")]
        for number in range(2, SMS_WORKERS + 1):
            del runner[f"sms{number}"]
        here = {name: services[name]["command"] for name in APP}
        # Celery by its program, and the rest by Python.
        expected = {
            name: command[1:] if command[:2] == ["-m", "celery"] else ["python", *command]
            for name, command in runner.items()
        }
        expected["web"][expected["web"].index("127.0.0.1")] = "0.0.0.0"
        expected["web"].append("--proxy-headers")  # a proxy stands before it, as operations.md says
        expected["beat"][-1] = "/tmp/beat-schedule"
        assert here == expected
        assert services["sms"]["deploy"]["replicas"] == SMS_WORKERS

    def test_every_service_is_watched_bounded_and_started_again(self, services: dict[str, Any]) -> None:
        for name, service in services.items():
            if name == "migrate":
                assert service["restart"] == "no"
            else:
                assert service["restart"] == "unless-stopped", name
                assert service["healthcheck"]["test"], name
            assert service["init"], name
            assert service["deploy"]["resources"]["limits"]["memory"], name
            assert service["logging"]["options"]["max-size"], name
            assert "no-new-privileges:true" in service["security_opt"], name
        for name in APP - {"migrate", "web", "beat"}:
            assert seconds(services[name]["stop_grace_period"]) > WORKER_GRACE
        for name in APP - {"migrate"}:
            assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        for name in APP:
            assert services[name]["read_only"]
            assert services[name]["cap_drop"] == ["ALL"]

    def test_only_the_pages_are_published_and_on_this_machine_alone(self, services: dict[str, Any]) -> None:
        published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
        assert list(published) == ["web"]
        assert [(port["host_ip"], port["published"]) for port in published["web"]] == [("127.0.0.1", "8000")]

    def test_browsers_share_the_profiles_and_the_ids_with_their_workers(self, services: dict[str, Any]) -> None:
        users = set(re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
        assert users == {services["browsers"]["user"]}
        mounts = {
            name: [(one["source"], one["target"]) for one in service.get("volumes", ()) if one["source"] == "profiles"]
            for name, service in services.items()
        }
        with_profiles = {name for name, found in mounts.items() if found}
        assert with_profiles == {"migrate", "sessions", "whatsapp", "browsers"}
        assert len({tuple(mounts[name]) for name in with_profiles}) == 1
        assert services["browsers"]["hostname"] == "browsers"

    def test_databases_and_browsers_are_reached_by_their_own_only(self, services: dict[str, Any]) -> None:
        reached = {name: set(service["networks"]) for name, service in services.items()}
        assert reached["mongo"] == reached["redis"] == {"inside"}
        assert {name for name, networks in reached.items() if "browsers" in networks} == {
            "browsers", "sessions", "whatsapp",
        }  # fmt: skip
        assert "inside" not in reached["browsers"]


def seconds(duration: str) -> int:
    """Of a duration as Compose writes it, such as 1m30s."""
    found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", duration)
    assert found, duration
    return int(found[1] or 0) * 60 + int(found[2] or 0)
