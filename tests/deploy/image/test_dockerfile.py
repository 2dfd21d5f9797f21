"""What the image must be, read off its Dockerfile: who runs, what is asked, what is said of it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from pipeline.probe import PLACES
from pipeline.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[3]
IMAGE = ROOT / "deploy" / "image"
DOCKERFILE = IMAGE / "Dockerfile"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def instructions() -> list[tuple[str, str]]:
    """Return (instruction, arguments) of the Dockerfile, continued lines joined, comments left out."""
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, arguments.strip()) for name, _, arguments in found]


def last_stage() -> list[tuple[str, str]]:
    """Return what the image is made by: all after the last FROM."""
    found = instructions()
    start = max(n for n, (name, _) in enumerate(found) if name == "FROM")
    return found[start + 1 :]


def final(instruction: str) -> str:
    """Return the arguments of the last such instruction of the image."""
    return [arguments for name, arguments in last_stage() if name == instruction][-1]


def environment() -> dict[str, str]:
    """Return the image's variables."""
    return dict(pair.split("=", 1) for pair in shlex.split(final("ENV")))


def test_hadolint_has_nothing_to_say(tool: Callable[[str], str]) -> None:
    told = subprocess.run([tool("hadolint"), "--no-color", DOCKERFILE], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, "")


def test_it_runs_as_a_user_of_a_fixed_number_who_is_not_root() -> None:
    assert final("USER") == "10001:10001"
    made = " ".join(text for name, text in last_stage() if name == "RUN")
    assert "groupadd --gid 10001" in made
    assert "useradd --uid 10001 --gid 10001" in made
    names = [name for name, _ in last_stage()]
    # nothing is installed or changed after root has left
    assert not {"RUN", "COPY"} & set(names[names.index("USER") :])


def test_state_is_in_a_volume_and_belongs_to_the_user() -> None:
    folder = environment()["FINSURGE_STATE_DIR"]
    assert (final("VOLUME"), final("WORKDIR")) == (folder, folder)
    made = " ".join(text for name, text in last_stage() if name == "RUN")
    assert f"install --directory --owner 10001 --group 10001 --mode 0750 {folder}" in made


def test_the_health_check_and_the_default_are_command_lines_of_finsurge(
    command_of: Callable[[Sequence[str]], str],
) -> None:
    program, *words = json.loads(final("HEALTHCHECK").partition("CMD")[2])
    assert (program, command_of(words)) == ("finsurge", "health")
    assert command_of(json.loads(final("CMD"))) == "worker"


def test_signals_reach_finsurge_by_tini_in_exec_form() -> None:
    assert json.loads(final("ENTRYPOINT")) == ["/usr/bin/tini", "--", "finsurge"]


def test_every_variable_of_finsurge_is_a_setting_with_a_value_that_holds() -> None:
    ours = {name: value for name, value in environment().items() if name.startswith("FINSURGE_")}
    known = {f"FINSURGE_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert set(ours) <= known
    assert load_settings(ours, None).state_dir == Path(ours["FINSURGE_STATE_DIR"])


def test_the_ports_are_those_of_the_processes() -> None:
    exposed: set[int] = set()
    for word in final("EXPOSE").split():
        first, _, last = word.partition("-")
        exposed |= set(range(int(first), int(last or first) + 1))
    assert exposed == {Settings().http_port + place for place in PLACES.values()}


def test_labels_say_what_it_is_by_the_names_of_the_open_container_initiative() -> None:
    labels = dict(pair.split("=", 1) for pair in shlex.split(final("LABEL")))
    prefix = "org.opencontainers.image."
    wanted = {"title", "description", "licenses", "version", "revision", "created", "base.name"}
    assert {name.removeprefix(prefix) for name in labels if name.startswith(prefix)} == wanted
    assert labels[f"{prefix}licenses"] == PROJECT["license"]
    given = dict(text.partition("=")[::2] for name, text in last_stage() if name == "ARG")
    assert given["VERSION"] == PROJECT["version"]


def test_its_base_is_a_pinned_tag_that_can_be_another_and_no_registry_is_named() -> None:
    bases = [text.split()[0] for name, text in instructions() if name == "FROM"]
    stages = {text.split()[2] for name, text in instructions() if name == "FROM" and " AS " in text}
    assert set(bases) - stages == {"${PYTHON_IMAGE}"}
    image = next(text for name, text in instructions() if name == "ARG").removeprefix("PYTHON_IMAGE=")
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", image)
    assert "://" not in DOCKERFILE.read_text(encoding="utf-8")
    assert ("ARG", "TORCH_INDEX=") in instructions()


def test_a_variant_for_gpus_without_cuda_is_not_made() -> None:
    checks = [text for name, text in instructions() if name == "RUN" and "torch.version.cuda is None" in text]
    assert len(checks) == 1
    assert checks[0].startswith('[ "${VARIANT}" != cuda ] || ')


def test_all_that_is_installed_is_pinned_by_the_constraints() -> None:
    installs = [text for name, text in instructions() if name == "RUN" and "pip" in text and " install " in text]
    assert any("--constraint constraints.txt --requirement requirements.txt" in text for text in installs)
    assert any("cyclonedx-bom==${CYCLONEDX_VERSION}" in text for text in installs)


def is_sent(path: str) -> bool:
    """Tell whether .dockerignore lets a file of the repository into the build; the last pattern that fits wins."""
    is_left_out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        inside = any(fnmatch(part, pattern.removeprefix("**/")) for part in path.split("/"))
        fits = inside if pattern.startswith("**/") else fnmatch(path, pattern) or path.startswith(f"{pattern}/")
        is_left_out = not line.startswith("!") if fits else is_left_out
    return not is_left_out


def test_what_is_copied_is_in_the_repository_and_is_sent_and_little_else() -> None:
    copied = [text.split()[:-1] for name, text in instructions() if name == "COPY" and not text.startswith("--from")]
    for source in {source for sources in copied for source in sources}:
        path = ROOT / source
        assert path.exists(), source
        example = path if path.is_file() else min(file for file in path.iterdir() if file.is_file())
        assert is_sent(str(example.relative_to(ROOT))), example
    for other in (
        ".git/config",
        ".venv/bin/python",
        "tests/conftest.py",
        "docs/alerts.md",
        "models/.hidden",
        "runs/x",
        "deploy/compose/.env",
    ):
        assert not is_sent(other), other
