{{- /* The keys that a component is given, by the name of their file. Takes root and name. */ -}}
{{- define "finsurge.keysOf" -}}
{{- $secrets := .root.Values.secrets -}}
{{- range $name, $key := include "finsurge.kafkaFiles" .root | fromYaml }}
kafka-{{ $name }}.pem: {{ $key | toJson }}
{{- end }}
{{- if and (has .name (list "read" "learner")) $secrets.policyPublicKey.name }}
public.pem: {{ $secrets.policyPublicKey | toJson }}
{{- end }}
{{- if and (eq .name "learner") $secrets.policyPrivateKey.name }}
private.pem: {{ $secrets.policyPrivateKey | toJson }}
{{- end }}
{{- end -}}

{{- define "finsurge.keysMount" -}}
{{- if include "finsurge.keysOf" . | trim -}}
- {name: keys, mountPath: /etc/finsurge-keys, readOnly: true}
{{- end -}}
{{- end -}}

{{- define "finsurge.keysVolume" -}}
{{- with include "finsurge.keysOf" . | fromYaml -}}
- name: keys
  projected:
    defaultMode: 0440
    sources:
    {{- range $path, $key := . }}
      - secret: {name: {{ $key.name }}, items: [{key: {{ $key.key }}, path: {{ $path }}}]}
    {{- end }}
{{- end -}}
{{- end -}}

{{- define "finsurge.hasPolicyClaim" -}}
{{- if and .root.Values.registry.claim (has .name (list "read" "learner")) -}}yes{{- end -}}
{{- end -}}

{{- define "finsurge.hasLabelled" -}}
{{- if and .root.Values.labelled.claim (has .name (list "feedback" "learner")) -}}yes{{- end -}}
{{- end -}}

{{- define "finsurge.mounts" -}}
{{- if (include "finsurge.filesOf" . | fromYaml).files }}
- {name: files, mountPath: /etc/finsurge, readOnly: true}
{{- end }}
{{ include "finsurge.keysMount" . }}
{{- if include "finsurge.hasPolicyClaim" . }}
- {name: policies, mountPath: /var/lib/policies, readOnly: {{ eq .name "read" }}}
{{- end }}
{{- if include "finsurge.hasLabelled" . }}
- {name: labelled, mountPath: /var/lib/labelled, readOnly: true}
{{- end }}
{{- end -}}

{{- /* Files are projected as a folder, not as single files: so a change arrives without a restart. */ -}}
{{- define "finsurge.volumes" -}}
{{- with (include "finsurge.filesOf" . | fromYaml).files }}
- name: files
  projected:
    sources:
    {{- range . }}
    {{- $file := index $.root.Values.files . }}
    {{- if $file.secret }}
      - secret: {name: {{ $file.secret }}, items: [{key: {{ $file.key }}, path: {{ . }}.yaml}]}
    {{- else if $file.configMap }}
      - configMap: {name: {{ $file.configMap }}, items: [{key: {{ $file.key }}, path: {{ . }}.yaml}]}
    {{- else }}
      - configMap: {name: {{ include "finsurge.fullname" $.root }}-files, items: [{key: {{ . }}.yaml, path: {{ . }}.yaml}]}
    {{- end }}
    {{- end }}
{{- end }}
{{ include "finsurge.keysVolume" . }}
{{- if include "finsurge.hasPolicyClaim" . }}
- name: policies
  persistentVolumeClaim:
    claimName: {{ .root.Values.registry.claim }}
    readOnly: {{ eq .name "read" }}
{{- end }}
{{- if include "finsurge.hasLabelled" . }}
- name: labelled
  persistentVolumeClaim:
    claimName: {{ .root.Values.labelled.claim }}
    readOnly: true
{{- end }}
{{- end -}}
