import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.broker.jars import KafkaJars, KafkaUnavailable, deploy_folder, find_tools

POM = {"m": "http://maven.apache.org/POM/4.0.0"}
FAKE_MAVEN = """#!/bin/sh
for word; do case "$word" in -Dmdep.outputFile=*) file="${word#*=}";; esac; done
echo asked >> "$0.asked"
printf '%s' "$0" > "$file"
"""


def executable(path: Path, script: str) -> Path:
    path.write_text(script)
    path.chmod(0o755)
    return path


def test_every_version_in_the_pom_is_pinned() -> None:
    pom = ElementTree.parse(deploy_folder() / "pom.xml").getroot()  # noqa: S314 -- our own file
    properties = {p.tag.partition("}")[2]: p.text or "" for p in pom.findall("m:properties/*", POM)}
    needed = pom.findall(".//m:dependency", POM) + pom.findall(".//m:plugin", POM)
    versions = []
    for item in needed:
        text = item.findtext("m:version", "", POM)
        versions.append(properties[text[2:-1]] if text.startswith("${") else text)
    assert len(versions) == 5  # kafka, two of log4j, reload4j for 3.9, the dependency plugin
    assert all(re.fullmatch(r"\d+(\.\d+)+", version) for version in versions), versions
    assert properties["kafka.version"].startswith("4.")


def test_the_pom_leaves_it_to_maven_where_jars_come_from() -> None:
    text = (deploy_folder() / "pom.xml").read_text(encoding="utf-8")
    assert "<repositor" not in text
    assert "<pluginRepositor" not in text


def test_missing_java_and_maven_are_one_line_that_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        KafkaUnavailable, match=r"needs Java 17\+ and Maven; not found: java, mvn .*apt-get"
    ) as caught:
        find_tools()
    assert "\n" not in str(caught.value)


def test_an_old_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "java", "#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    executable(tmp_path / "mvn", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KafkaUnavailable, match=r"needs Java 17\+; .*java is Java 11"):
        find_tools()


def test_maven_is_asked_once_and_again_when_a_jar_is_gone(tmp_path: Path) -> None:
    maven = executable(tmp_path / "mvn", FAKE_MAVEN)
    jars = KafkaJars(tmp_path / "cache")
    assert jars.classpath(str(maven)) == str(maven)
    assert jars.classpath(str(maven)) == str(maven)
    assert (tmp_path / "mvn.asked").read_text() == "asked\n"
    jars.file.write_text(os.pathsep.join([str(maven), str(tmp_path / "gone.jar")]))
    assert jars.classpath(str(maven)) == str(maven)
    assert (tmp_path / "mvn.asked").read_text() == "asked\nasked\n"


def test_what_maven_complains_of_is_passed_on_in_one_line(tmp_path: Path) -> None:
    maven = executable(tmp_path / "mvn", "#!/bin/sh\necho '[ERROR] no such artifact'\necho '[ERROR] more'\nexit 1\n")
    with pytest.raises(KafkaUnavailable, match=r"^maven could not fetch Kafka: no such artifact$"):
        KafkaJars(tmp_path).classpath(str(maven))
