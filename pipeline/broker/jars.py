"""The jars of a local Apache Kafka: the pinned POM, Java and Maven, and the class path they resolve to.

Knows nothing of a running server.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MIN_JAVA = 17
MAVEN_TIMEOUT_S = 600.0
_HOW = "Debian, Ubuntu: apt-get install openjdk-17-jre-headless maven; macOS: brew install openjdk maven"


class KafkaUnavailable(RuntimeError):
    """A local Kafka cannot be had here; the message is one line that says what is missing and the mend."""


def deploy_folder() -> Path:
    """Return the folder of `pom.xml`: `deploy/kafka` of the checkout, or the copy inside an installed package.

    >>> (deploy_folder() / "pom.xml").is_file()
    True
    """
    here = Path(__file__).resolve().parents[1]
    for folder in (here.parent / "deploy" / "kafka", here / "deploy" / "kafka"):
        if (folder / "pom.xml").is_file():
            return folder
    raise KafkaUnavailable(f"deploy/kafka/pom.xml is neither in {here.parent} nor in {here}: reinstall finsurge")


def java_major(version_text: str) -> int:
    """Return the major version that `java -version` prints, 0 if it prints none.

    >>> java_major('openjdk version "17.0.15" 2025-04-15'), java_major('java version "1.8.0_402"')
    (17, 8)
    """
    found = re.search(r'version "(?:1\.)?(\d+)', version_text)
    return int(found.group(1)) if found else 0


def find_tools() -> tuple[str, str]:
    """Return the paths of `java` and `mvn`.

    Raises:
        KafkaUnavailable: one of them is missing, or Java is older than 17.
    """
    java, maven = shutil.which("java"), shutil.which("mvn")
    missing = [name for name, path in (("java", java), ("mvn", maven)) if path is None]
    if java is None or maven is None:
        raise KafkaUnavailable(f"a local Kafka needs Java 17+ and Maven; not found: {', '.join(missing)} ({_HOW})")
    told = subprocess.run(  # noqa: S603 -- java as found on the path
        [java, "-version"], capture_output=True, text=True, check=False
    )
    major = java_major(told.stderr + told.stdout)
    if major < MIN_JAVA:
        found = f"Java {major}" if major else "no working Java"
        raise KafkaUnavailable(f"a local Kafka needs Java {MIN_JAVA}+; {java} is {found} ({_HOW})")
    return java, maven


@dataclass(frozen=True)
class KafkaJars:
    """A version of Kafka, resolved once by Maven and remembered in `cache`.

    >>> KafkaJars(Path("/tmp/x")).file.name
    'classpath-pinned'
    >>> KafkaJars(Path("/tmp/x"), version="3.9.2").file.name
    'classpath-3.9.2'
    """

    cache: Path
    version: str | None = None  # None is the version that the POM pins

    @property
    def file(self) -> Path:
        """Where the resolved class path is remembered."""
        return self.cache / f"classpath-{self.version or 'pinned'}"

    def classpath(self, maven: str) -> str:
        """Return Java's class path, asking Maven only if the POM changed or a jar is gone.

        Raises:
            KafkaUnavailable: Maven could not resolve the jars.
        """
        pom = deploy_folder() / "pom.xml"
        if self.file.is_file() and self.file.stat().st_mtime >= pom.stat().st_mtime:
            known = self.file.read_text(encoding="utf-8").strip()
            if known and all(Path(jar).is_file() for jar in known.split(os.pathsep)):
                return known
        return self._resolve(maven, pom)

    def _resolve(self, maven: str, pom: Path) -> str:
        self.cache.mkdir(parents=True, exist_ok=True)
        # Two processes may resolve at once: each writes its own file and puts it in place in one step.
        partial = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        command = [maven, "-B", "-q", "-f", str(pom), "dependency:build-classpath"]
        command.append(f"-Dmdep.outputFile={partial.resolve()}")
        if self.version is not None:
            command.append(f"-Dkafka.version={self.version}")
        try:
            ended = subprocess.run(  # noqa: S603 -- mvn as found on the path
                command, capture_output=True, text=True, check=False, timeout=MAVEN_TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            raise KafkaUnavailable(f"maven took longer than {MAVEN_TIMEOUT_S:g} s to fetch Kafka") from None
        if ended.returncode != 0 or not partial.is_file():
            raise KafkaUnavailable(f"maven could not fetch Kafka: {_first_error(ended.stdout + ended.stderr)}")
        partial.replace(self.file)
        return self.file.read_text(encoding="utf-8").strip()


def _first_error(output: str) -> str:
    lines = [line.removeprefix("[ERROR]").strip() for line in output.splitlines() if "[ERROR]" in line]
    return next((line[:300] for line in lines if line), "it printed no reason")
