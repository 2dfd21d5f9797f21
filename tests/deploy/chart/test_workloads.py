"""How the pods run: with what rights, on what disk, how they start, end and are replaced."""

from __future__ import annotations

import pytest

from pipeline.settings import Settings

from .conftest import CASES, PODS, ROOT, WORKLOADS, environment_of, of_kind, pod_of, settings_of


@pytest.mark.parametrize("case", CASES)
def test_no_pod_has_rights_that_it_does_not_need(case, rendered):
    for workload in of_kind(rendered(case), *PODS).values():
        pod = pod_of(workload)
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False  # FINSURGE_READ_PORT of a Service is no setting
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"].keys() == {"requests", "limits"}


@pytest.mark.parametrize("case", CASES)
def test_what_is_written_lies_on_a_volume(case, rendered):
    for workload in of_kind(rendered(case), *WORKLOADS).values():
        mounts = pod_of(workload)["containers"][0]["volumeMounts"]
        writable = {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}
        assert str(settings_of(workload).state_dir) in writable
        assert "/tmp" in writable  # noqa: S108


def test_only_what_is_the_only_copy_lies_on_a_disk_that_stays(rendered):
    """The worker's state is in Kafka; feedback's store and the learner's rounds are nowhere else."""
    workloads = of_kind(rendered("everything"), *WORKLOADS)
    lasting = {name for name, each in workloads.items() if each["spec"].get("volumeClaimTemplates")}
    assert lasting == {"feedback", "learner"}
    for name in lasting:
        assert workloads[name]["spec"]["replicas"] == 1
        assert workloads[name]["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"
    for name in workloads.keys() - lasting:
        volumes = {each["name"]: each for each in pod_of(workloads[name])["volumes"]}
        assert volumes["state"]["emptyDir"] == {}


def test_secrets_reach_those_only_who_need_them(rendered):
    secrets = {}
    for name, workload in of_kind(rendered("everything"), *WORKLOADS).items():
        pod = pod_of(workload)
        (container,) = pod["containers"]
        found = {each["secretRef"]["name"] for each in container.get("envFrom", ())}
        keys = [each.get("valueFrom", {}).get("secretKeyRef") for each in container["env"]]
        found |= {key["name"] for key in keys if key}
        sources = [source for volume in pod["volumes"] for source in volume.get("projected", {}).get("sources", ())]
        secrets[name] = found | {source["secret"]["name"] for source in sources if "secret" in source}
    assert secrets == {
        "read": {"finsurge-registry", "finsurge-keys"},
        "link": set(),
        "trends": set(),
        "surges": set(),
        "notify": {"finsurge-receivers", "receivers"},
        "feedback": {"finsurge-salt"},
        "learner": {"finsurge-registry", "finsurge-keys", "finsurge-signing"},
    }


@pytest.mark.parametrize("case", CASES)
def test_every_file_that_a_setting_names_is_mounted(case, rendered):
    for workload in of_kind(rendered(case), *PODS).values():
        pod = pod_of(workload)
        volumes = {each["name"]: each for each in pod["volumes"]}
        there = {
            f"{mount['mountPath']}/{item['path']}"
            for mount in pod["containers"][0]["volumeMounts"]
            for source in volumes.get(mount["name"], {}).get("projected", {}).get("sources", ())
            for kind in source.values()
            for item in kind["items"]
        }
        named = {value for value in environment_of(workload).values() if value.startswith("/etc/")}
        assert named == there


def test_the_files_that_are_given_as_text_are_those_that_are_mounted(rendered):
    objects = rendered("everything")
    (files,) = [
        each for each in objects if each["kind"] == "ConfigMap" and each["metadata"]["name"].endswith("-files")
    ]
    assert files["data"].keys() == {"rules.yaml", "analysts.yaml"}
    assert files["data"]["analysts.yaml"] == "analysts:\n  - id: ada\n    name: Ada Okafor\n"


def test_a_changed_rule_replaces_pods_and_a_changed_analyst_does_not(rendered):
    def checksums(*changes: str) -> set[str]:
        workloads = of_kind(rendered("everything", *changes), *WORKLOADS).values()
        return {each["spec"]["template"]["metadata"]["annotations"]["checksum/files"] for each in workloads}

    assert checksums('files.rules.inline="defaults: {}"').isdisjoint(checksums())
    assert checksums('files.analysts.inline="analysts: []"') == checksums()


@pytest.mark.parametrize("case", CASES)
def test_probes_ask_what_the_processes_answer(case, rendered):
    for workload in of_kind(rendered(case), *WORKLOADS).values():
        (container,) = pod_of(workload)["containers"]
        asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
        assert {kind: get["path"] for kind, get in asked.items()} == {
            "startup": "/healthz",  # a long recovery of state must not end in a restart
            "liveness": "/healthz",
            "readiness": "/readyz",
        }
        assert {get["port"] for get in asked.values()} == {"http"}


@pytest.mark.parametrize("timeout_s", [Settings().session_timeout_s, 45])
def test_a_pod_has_time_to_finish_what_is_in_flight(timeout_s, rendered):
    """Giving partitions up waits for 0.8 of the session at most (hand_over_cleanly); all else is done in seconds."""
    for workload in of_kind(rendered("default", f"settings.session_timeout_s={timeout_s}"), *WORKLOADS).values():
        assert pod_of(workload)["terminationGracePeriodSeconds"] >= 0.8 * timeout_s + 20


def test_a_session_that_is_longer_than_a_pod_has_to_end_is_refused(template):
    done = template("--set", "settings.session_timeout_s=90")
    assert done.returncode != 0
    assert "roles.link.terminationGracePeriodSeconds is 60, but must be 82" in done.stderr


def test_worker_pods_are_replaced_one_by_one_and_what_has_a_disk_ends_first(rendered):
    workloads = of_kind(rendered("default"), *WORKLOADS)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert all(each["spec"]["strategy"] == strategy for each in workloads.values() if each["kind"] == "Deployment")
    assert workloads["feedback"]["spec"]["updateStrategy"] == {"type": "RollingUpdate"}


def test_every_component_has_a_budget_that_lets_a_node_be_drained(rendered):
    objects = rendered("everything")
    budgets = of_kind(objects, "PodDisruptionBudget")
    assert budgets.keys() == of_kind(objects, *WORKLOADS).keys()
    assert all(each["spec"]["maxUnavailable"] == 1 for each in budgets.values())


def test_a_components_pods_are_spread(rendered):
    for name, workload in of_kind(rendered("everything"), *WORKLOADS).items():
        spread = pod_of(workload)["topologySpreadConstraints"]
        assert {each["topologyKey"]: each["whenUnsatisfiable"] for each in spread} == {
            "topology.kubernetes.io/zone": "ScheduleAnyway",
            "kubernetes.io/hostname": "DoNotSchedule",
        }
        spread_among = [each["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] for each in spread]
        assert spread_among == [name, name]


def test_pods_look_like_the_image(rendered):
    """Its user, its folder for state and its entry point."""
    text = (ROOT / "deploy" / "image" / "Dockerfile").read_text()
    pod = pod_of(of_kind(rendered("default"), "Deployment")["read"])
    user, group = pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]
    assert f"USER {user}:{group}" in text
    assert '"--", "finsurge"]' in text
    assert "FINSURGE_STATE_DIR=/var/lib/finsurge" in text
