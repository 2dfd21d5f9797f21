{{- /* The addresses of the brokers, as Kafka clients take them. */ -}}
{{- define "finsurge.bootstrap" -}}
{{- regexReplaceAll "^[a-z+]+://" .Values.kafka.broker "" -}}
{{- end -}}

{{- define "finsurge.isTls" -}}
{{- if hasPrefix "kafka+ssl://" .Values.kafka.broker -}}yes{{- end -}}
{{- end -}}

{{- /* How the KafkaUser of the chart is logged in as: tls, scram-sha-512, or nothing. */ -}}
{{- define "finsurge.strimziLogin" -}}
{{- $user := .Values.kafka.strimzi.user -}}
{{- if and $user.enabled (has $user.authentication (list "tls" "scram-sha-512")) -}}{{ $user.authentication }}{{- end -}}
{{- end -}}

{{- /* What pods go to Kafka with, as far as there is any: user, and the Secrets ca, certificate, key and password.
       What values do not name is what Strimzi makes for its KafkaUser. */ -}}
{{- define "finsurge.kafkaAccess" -}}
{{- $secrets := .Values.secrets -}}
{{- $login := include "finsurge.strimziLogin" . -}}
{{- $name := include "finsurge.fullname" . -}}
{{- $made := dict -}}
{{- if $login -}}
{{- $_ := set $made "ca" (printf "%s-cluster-ca-cert" .Values.kafka.strimzi.cluster) -}}
{{- $made = merge $made (eq $login "tls" | ternary (dict "certificate" $name "key" $name) (dict "user" $name "password" $name)) -}}
{{- end -}}
{{- $access := dict -}}
{{- with default $made.user .Values.kafka.user -}}{{- $_ := set $access "user" . -}}{{- end -}}
{{- range $what, $secret := dict "ca" $secrets.kafkaCa "certificate" $secrets.kafkaCertificate "key" $secrets.kafkaKey "password" $secrets.kafkaPassword -}}
{{- with default (get $made $what) $secret.name -}}{{- $_ := set $access $what (dict "name" . "key" $secret.key) -}}{{- end -}}
{{- end -}}
{{- toYaml $access -}}
{{- end -}}

{{- /* The Secrets that become files of every pod, by the name of the setting. */ -}}
{{- define "finsurge.kafkaFiles" -}}
{{- pick (include "finsurge.kafkaAccess" . | fromYaml) "ca" "certificate" "key" | toYaml -}}
{{- end -}}
