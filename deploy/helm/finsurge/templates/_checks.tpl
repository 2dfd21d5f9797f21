{{- /* What a schema cannot say: values that do not fit each other. */ -}}
{{- define "finsurge.checks" -}}
{{- $values := .Values -}}
{{- $partitions := int $values.kafka.partitions -}}
{{- range $name, $role := $values.roles -}}
{{- if gt (int (default 1 $role.replicas)) $partitions -}}
{{- fail (printf "roles.%s.replicas is %d, more than kafka.partitions (%d): the rest would idle" $name (int $role.replicas) $partitions) -}}
{{- end -}}
{{- $scaling := default dict $role.autoscaling -}}
{{- if gt (int (default 0 $scaling.maxReplicas)) $partitions -}}
{{- fail (printf "roles.%s.autoscaling.maxReplicas is %d, more than kafka.partitions (%d): the rest would idle" $name (int $scaling.maxReplicas) $partitions) -}}
{{- end -}}
{{- end -}}
{{- $handOver := add 10 (ceil (mulf 0.8 (default 30 $values.settings.session_timeout_s))) -}}
{{- range $name, $role := $values.roles -}}
{{- if lt (int $role.terminationGracePeriodSeconds) (int $handOver) -}}
{{- fail (printf "roles.%s.terminationGracePeriodSeconds is %d, but must be %d at least: settings.session_timeout_s is the time to hand partitions over in" $name (int $role.terminationGracePeriodSeconds) (int $handOver)) -}}
{{- end -}}
{{- end -}}
{{- range $name, $file := $values.files -}}
{{- if gt (len (compact (list $file.inline $file.configMap $file.secret))) 1 -}}
{{- fail (printf "files.%s: give one of inline, configMap and secret" $name) -}}
{{- end -}}
{{- if and (or $file.inline $file.configMap $file.secret) (hasKey $values.settings $name) -}}
{{- fail (printf "files.%s and settings.%s are both given: leave one out" $name $name) -}}
{{- end -}}
{{- end -}}
{{- if and $values.registry.url $values.registry.claim -}}
{{- fail "registry: give one of url and claim" -}}
{{- end -}}
{{- if and $values.learner.enabled (not (or $values.registry.url $values.registry.claim)) -}}
{{- fail "learner.enabled needs registry.url or registry.claim: read fetches from there what the learner makes" -}}
{{- end -}}
{{- if and (eq $values.kafka.topics "strimzi") (not $values.kafka.strimzi.cluster) -}}
{{- fail "kafka.topics=strimzi needs kafka.strimzi.cluster, the name of the Kafka resource" -}}
{{- end -}}
{{- if and $values.kafka.strimzi.user.enabled (not $values.kafka.strimzi.cluster) -}}
{{- fail "kafka.strimzi.user.enabled needs kafka.strimzi.cluster, the name of the Kafka resource" -}}
{{- end -}}
{{- include "finsurge.kafkaChecks" . -}}
{{- end -}}

{{- /* What finsurge would refuse at its start, and what would wait for ever. */ -}}
{{- define "finsurge.kafkaChecks" -}}
{{- $secrets := .Values.secrets -}}
{{- $isTls := include "finsurge.isTls" . -}}
{{- $wanted := printf "and kafka.broker is %s: it must begin with kafka+ssl://" .Values.kafka.broker -}}
{{- $login := include "finsurge.strimziLogin" . -}}
{{- if and $login (not $isTls) -}}
{{- fail (printf "kafka.strimzi.user.authentication is %s, by which pods log in over TLS, %s" $login $wanted) -}}
{{- end -}}
{{- if and $login (eq .Values.kafka.topics "job") -}}
{{- fail (printf "kafka.strimzi.user.authentication is %s, and kafka.topics is job, which runs before that user is made: take strimzi or none" $login) -}}
{{- end -}}
{{- range $name := list "kafkaCa" "kafkaCertificate" "kafkaKey" -}}
{{- if and (get $secrets $name).name (not $isTls) -}}
{{- fail (printf "secrets.%s is for TLS, %s" $name $wanted) -}}
{{- end -}}
{{- end -}}
{{- $access := include "finsurge.kafkaAccess" . | fromYaml -}}
{{- if ne (hasKey $access "certificate") (hasKey $access "key") -}}
{{- fail "secrets.kafkaCertificate and secrets.kafkaKey must be given together" -}}
{{- end -}}
{{- if ne (hasKey $access "user") (hasKey $access "password") -}}
{{- fail "kafka.user and secrets.kafkaPassword must be given together" -}}
{{- end -}}
{{- if and $access.user (not $isTls) -}}
{{- fail (printf "kafka.user would log in without TLS, %s" $wanted) -}}
{{- end -}}
{{- end -}}
