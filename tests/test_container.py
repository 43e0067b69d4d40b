"""The container: rules of its file, the services beside it, and a start on a read-only system."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.constants import PROJECT_DIR
from core.engine.cluster import SCHEDULER_VARIABLE, SETTINGS, connect
from core.engine.tasks import COMPUTE, DECODE
from core.storage import fingerprint
from tests.e2e.server import START_S, free_port

DOCKERFILE = PROJECT_DIR / "Dockerfile"
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """Instructions of the Dockerfile: name and arguments, without comments."""
    lines = [
        line
        for line in DOCKERFILE.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.strip().partition(" ") for line in joined.splitlines())
    return [(name, arguments.strip()) for name, _, arguments in pairs]


def all_of(name: str) -> list[str]:
    return [arguments for each, arguments in instructions() if each == name]


def environment() -> dict[str, str]:
    """Environment of the final image."""
    last = max(index for index, (name, _) in enumerate(instructions()) if name == "FROM")
    settings = " ".join(arguments for name, arguments in instructions()[last:] if name == "ENV")
    return dict(each.split("=", 1) for each in shlex.split(settings))


def test_hadolint_finds_nothing() -> None:
    found = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if found is None:
        reason = "hadolint is not installed; see requirements-dev.txt"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    finished = subprocess.run([found, DOCKERFILE], capture_output=True, text=True, check=False)
    assert finished.stdout + finished.stderr == ""
    assert finished.returncode == 0


def test_all_stages_have_the_same_slim_base() -> None:
    bases = {each.split()[0] for each in all_of("FROM")}
    assert len(all_of("FROM")) == 2
    (base,) = bases
    assert re.fullmatch(r"python:3\.1[1-3]-slim-\w+", base)


def test_the_image_runs_without_rights() -> None:
    names = [name for name, _ in instructions()]
    assert all_of("USER")[-1] == "10001:10001"
    assert "ADD" not in names
    assert names.index("USER") > max(index for index, name in enumerate(names) if name == "COPY")


def test_only_what_exists_is_copied_and_nothing_else_is_sent_to_the_builder() -> None:
    ignored = (PROJECT_DIR / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    allowed = {line.strip("!/") for line in ignored if line.startswith("!")}
    sources = {each.split()[0] for each in all_of("COPY") if not each.startswith("--from")}
    assert sources == allowed
    assert all((PROJECT_DIR / each).exists() for each in sources)
    assert {"core", "dashboard", "models", "examples", ".streamlit"} <= sources


def test_everything_that_is_written_is_below_tmp() -> None:
    found = environment()
    for name in (
        "HOME",
        "XDG_CACHE_HOME",
        "GROOVE_GUIDE_CACHE",
        "NUMBA_CACHE_DIR",
        "MPLCONFIGDIR",
    ):
        assert found[name].split("/")[1] == "tmp", name
    assert found["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_template_of_hosted_spaces_finds_port_and_address() -> None:
    found = environment()
    assert found["STREAMLIT_SERVER_ADDRESS"] == "0.0.0.0"
    assert found["STREAMLIT_SERVER_PORT"] == "8501"
    assert all_of("EXPOSE") == ["8501"]
    assert json.loads(all_of("CMD")[-1]) == [
        *("python", "-m", "streamlit", "run", "dashboard/app.py")
    ]


def test_tensorflow_is_the_package_for_processors_in_the_pinned_version() -> None:
    requirements = (PROJECT_DIR / "requirements.txt").read_text(encoding="utf-8")
    assert re.search(r"^tensorflow==[\d.]+$", requirements, flags=re.MULTILINE)
    (command,) = (each for each in all_of("RUN") if "pip install" in each)
    pattern = re.search(r"sed -i '(.+?)'", command)
    assert pattern is not None
    changed = subprocess.run(
        ["sed", pattern[1]], input=requirements, capture_output=True, text=True, check=True
    ).stdout
    assert re.search(r"^tensorflow-cpu==[\d.]+$", changed, flags=re.MULTILINE)
    assert len(changed.splitlines()) == len(requirements.splitlines())


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Services of the compose file."""
    content = yaml.safe_load((PROJECT_DIR / "compose.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = content["services"]
    return found


def test_one_dashboard_and_workers_share_a_scheduler(services: dict[str, Any]) -> None:
    assert set(services) == {"web", "scheduler", "worker", "decoder"}
    address = services["web"]["environment"][SCHEDULER_VARIABLE]
    assert address == "tcp://scheduler:8786"
    assert "8786" in services["scheduler"]["command"]
    assert "GROOVE_GUIDE_WORKERS" in str(services["worker"]["scale"])
    for kind, name in ((DECODE, "decoder"), (COMPUTE, "worker")):
        command = services[name]["command"]
        assert address in command
        assert f"{kind}=1" == command[command.index("--resources") + 1]
    settings = services["scheduler"]["environment"] | services["worker"]["environment"]
    assert settings.pop("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES") == "0"
    for name, value in settings.items():
        key = name.removeprefix("DASK_").lower().replace("__", ".").replace("_", "-")
        assert SETTINGS[key] == json.loads(value), key


def test_services_have_no_rights_and_only_the_dashboard_has_a_port(
    services: dict[str, Any],
) -> None:
    for name, service in services.items():
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
        assert ("ports" in service) == (name == "web")
    assert services["web"]["ports"] == ["${GROOVE_GUIDE_PUBLISH:-127.0.0.1:8501}:8501"]
    assert services["worker"]["networks"] == services["scheduler"]["networks"] == ["inside"]


@pytest.mark.parametrize("name", ["scheduler", "worker", "decoder"])
def test_the_commands_of_dask_know_their_options(name: str, services: dict[str, Any]) -> None:
    python, *command = services[name]["command"]
    assert python == "python"
    options = [each for each in command if each.startswith("--")]
    finished = subprocess.run(
        [sys.executable, *command[:2], "--help"], capture_output=True, text=True, check=True
    )
    assert options
    assert all(re.search(rf"{each}\b", finished.stdout) for each in options)


def test_the_commands_of_dask_start_a_cluster_that_computes(
    services: dict[str, Any], tmp_path: Path
) -> None:
    address = f"127.0.0.1:{free_port()}"
    processes = []
    try:
        for name in ("scheduler", "worker"):
            command = [
                each.replace("scheduler:8786", address)
                .replace("0.0.0.0", "127.0.0.1")
                .replace("8786", address.split(":")[1])
                for each in services[name]["command"]
            ]
            command[command.index("python")] = sys.executable
            variables = os.environ | services[name].get("environment", {})
            processes.append(
                subprocess.Popen(
                    [*command, "--local-directory", str(tmp_path)] if name == "worker" else command,
                    cwd=PROJECT_DIR,
                    env=variables,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            until = time.monotonic() + START_S
            while name == "scheduler" and not _listens(address) and time.monotonic() < until:
                time.sleep(0.2)
        with connect(scheduler=f"tcp://{address}") as client:
            # A function of the project, which the worker must find where it has been started.
            found = client.submit(fingerprint, version=1, resources={COMPUTE: 1})
            assert found.result(timeout=START_S) == fingerprint(version=1)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(timeout=30)


def _listens(address: str) -> bool:
    host, port = address.split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=2):
            return True
    except OSError:
        return False


@pytest.fixture
def read_only_start(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address of the dashboard on a read-only system with the image's environment, and its log.

    The mounts are those of a process of its own, and vanish with it.
    """
    if os.geteuid() or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("only root may mount")
    if Path(sys.executable).is_relative_to("/tmp"):
        pytest.skip("an empty file system would hide the interpreter in /tmp")
    port, log = free_port(), tmp_path / "log.txt"
    place = "/srv"
    variables = environment() | {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "STREAMLIT_SERVER_PORT": str(port),
        "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
    }
    script = " && ".join(
        (
            f"mount --bind {shlex.quote(str(PROJECT_DIR))} {place}",
            # Every file system below the root, or only the root's own would be read-only.
            "findmnt -rno TARGET -t nosysfs,noproc,nocgroup2,nocgroup,nodevpts,nomqueue,nodevtmpfs"
            " | tac | while read -r each; do"
            ' mount -o remount,ro,bind "$each" 2>/dev/null || true; done',
            "mount -t tmpfs -o mode=1777 tmpfs /tmp",
            f"cd {place}",
            "exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all env -i "
            + shlex.join(f"{name}={value}" for name, value in variables.items())
            + f" {sys.executable} -m streamlit run dashboard/app.py",
        )
    )
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_the_dashboard_starts_on_a_read_only_system_without_rights(
    read_only_start: tuple[str, Path],
) -> None:
    address, log = read_only_start
    until = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as response:
                assert response.read() == b"ok"
                break
        except (urllib.error.URLError, OSError):
            text = log.read_text(errors="replace")
            if "mount:" in text or "unshare:" in text:
                pytest.skip(f"mounting is not allowed here: {text[:200]}")
            assert time.monotonic() < until, text
            time.sleep(0.3)
    written = log.read_text(errors="replace")
    assert "Read-only file system" not in written
    assert "Traceback" not in written


def nginx_snippets() -> list[str]:
    """Snippets for nginx in the guide to deployment."""
    text = (PROJECT_DIR / "docs" / "deploy.md").read_text(encoding="utf-8")
    return re.findall(r"```nginx\n(.*?)```", text, flags=re.DOTALL)


def test_nginx_accepts_the_snippets(tmp_path: Path) -> None:
    if not shutil.which("nginx") or not shutil.which("openssl"):
        pytest.skip("nginx or openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *shlex.split("openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=groove"),
            *("-keyout", key, "-out", certificate),
        ],
        capture_output=True,
        check=True,
    )
    snippets = "\n".join(nginx_snippets())
    snippets = re.sub(r"/etc/ssl/\S+\.pem", str(certificate), snippets)
    snippets = re.sub(r"/etc/ssl/\S+\.key", str(key), snippets)
    assert "upstream groove" in snippets
    file = tmp_path / "nginx.conf"
    file.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {snippets}\n}}"
    )
    finished = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-c", file], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr


def test_the_proxy_takes_uploads_as_large_as_the_dashboard_does() -> None:
    import tomllib

    config = tomllib.loads((PROJECT_DIR / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    size = re.search(r"client_max_body_size (\d+)m", nginx_snippets()[0])
    assert size is not None
    assert int(size[1]) == config["server"]["maxUploadSize"] + 1
