{{- /* The settings as environment variables. A float is printed as it was written, not as 2.592e+06. */ -}}
{{- define "finsurge.settings" -}}
{{- $values := .Values -}}
- name: FINSURGE_BROKER
  value: {{ $values.kafka.broker | quote }}
{{- range $name, $_ := include "finsurge.kafkaFiles" . | fromYaml }}
- name: FINSURGE_KAFKA_{{ upper $name }}
  value: /etc/finsurge-keys/kafka-{{ $name }}.pem
{{- end }}
{{- with include "finsurge.kafkaAccess" . | fromYaml }}
{{- if and .user .password }}
- name: FINSURGE_KAFKA_USER
  value: {{ .user | quote }}
- name: FINSURGE_KAFKA_MECHANISM
  value: {{ $values.kafka.mechanism }}
- name: FINSURGE_KAFKA_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .password.name }}
      key: {{ .password.key }}
{{- end }}
{{- end }}
- name: FINSURGE_TOPIC_PREFIX
  value: {{ $values.kafka.topicPrefix | quote }}
- name: FINSURGE_PARTITIONS
  value: {{ $values.kafka.partitions | int | quote }}
{{- range $name, $value := $values.settings }}
- name: FINSURGE_{{ upper $name }}
  value: {{ include "finsurge.plain" $value | quote }}
{{- end }}
{{- end -}}

{{- define "finsurge.plain" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{- /* The files that a component reads: `rules`, say. Takes root and name; a list under `files`. */ -}}
{{- define "finsurge.filesOf" -}}
{{- $wanted := dict "notify" (list "watchlist" "rules" "receivers") "feedback" (list "watchlist" "analysts") "learner" list "exporter" list -}}
{{- $given := list -}}
{{- range hasKey $wanted .name | ternary (get $wanted .name) (list "watchlist" "rules") -}}
{{- $file := index $.root.Values.files . -}}
{{- if or $file.inline $file.configMap $file.secret -}}{{- $given = append $given . -}}{{- end -}}
{{- end -}}
{{- dict "files" $given | toYaml -}}
{{- end -}}

{{- /* The environment of a component. Takes root, name, port and component. */ -}}
{{- define "finsurge.environment" -}}
{{- $values := .root.Values -}}
{{- include "finsurge.settings" .root }}
- name: FINSURGE_STATE_DIR
  value: /var/lib/finsurge
- name: FINSURGE_HTTP_HOST
  value: 0.0.0.0
{{- range (include "finsurge.filesOf" . | fromYaml).files }}
- name: FINSURGE_{{ upper . }}
  value: /etc/finsurge/{{ . }}.yaml
{{- end }}
{{- if dig "gpu" "enabled" false .component }}
- name: FINSURGE_DEVICE
  value: cuda
{{- if not (hasKey $values.settings "max_padded_tokens") }}
- name: FINSURGE_MAX_PADDED_TOKENS
  value: "16384"
{{- end }}
{{- end }}
{{- if or $values.registry.url $values.registry.claim }}
- name: FINSURGE_REGISTRY
  value: {{ default "/var/lib/policies" $values.registry.url | quote }}
{{- end }}
{{- if and (has .name (list "read" "learner")) $values.secrets.policyPublicKey.name }}
- name: FINSURGE_POLICY_PUBLIC_KEY
  value: /etc/finsurge-keys/public.pem
{{- end }}
{{- if and (eq .name "learner") $values.secrets.policyPrivateKey.name }}
- name: FINSURGE_POLICY_PRIVATE_KEY
  value: /etc/finsurge-keys/private.pem
{{- end }}
{{- if and (eq .name "feedback") $values.secrets.reviewSalt.name }}
- name: FINSURGE_REVIEW_SALT
  valueFrom:
    secretKeyRef:
      name: {{ $values.secrets.reviewSalt.name }}
      key: {{ $values.secrets.reviewSalt.key }}
{{- end }}
{{- /* torch counts the node's cores, not the container's */}}
- name: OMP_NUM_THREADS
  valueFrom:
    resourceFieldRef:
      resource: limits.cpu
- name: MPLCONFIGDIR
  value: /tmp
{{- with concat $values.extraEnv .component.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* The Secrets that become environment variables of a component, whatever their keys. Takes root and name. */ -}}
{{- define "finsurge.secretEnvironment" -}}
{{- $secrets := .root.Values.secrets -}}
{{- if and (eq .name "notify") $secrets.receivers }}
- secretRef:
    name: {{ $secrets.receivers }}
{{- end }}
{{- if and (has .name (list "read" "learner")) $secrets.registry }}
- secretRef:
    name: {{ $secrets.registry }}
{{- end }}
{{- end -}}
