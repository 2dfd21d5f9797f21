{{- define "finsurge.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* At most 40 characters, so that a component's name fits behind it. */ -}}
{{- define "finsurge.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "finsurge.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "finsurge.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "finsurge.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "finsurge.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "finsurge.selector" -}}
app.kubernetes.io/name: {{ include "finsurge.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "finsurge.labels" -}}
{{ include "finsurge.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: finsurge
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* The image of a component: its variant for a GPU if it is to have one. Takes root and component. */ -}}
{{- define "finsurge.image" -}}
{{- $variant := (dig "gpu" "enabled" false .component) | ternary "cuda" "cpu" -}}
{{- $tag := default .root.Chart.AppVersion .root.Values.image.tag -}}
{{- printf "%s:%s-%s" .root.Values.image.repository $tag $variant -}}
{{- end -}}

{{- /* The roles of the worker, in the order of the flow, which is that of their ports. */ -}}
{{- define "finsurge.roles" -}}
roles: [read, link, trends, surges, notify]
{{- end -}}

{{- /* The components that run, by name: their values, command line, port, and what they are given. */ -}}
{{- define "finsurge.components" -}}
{{- range $number, $role := (include "finsurge.roles" . | fromYaml).roles }}
{{ $role }}:
  args: [worker, --roles, {{ $role }}]
  port: {{ add 8600 $number }}
  workload: Deployment
{{- end }}
{{- if .Values.feedback.enabled }}
feedback:
  args: [feedback]
  port: 8610
  workload: StatefulSet
{{- end }}
{{- if .Values.exporter.enabled }}
{{- $args := list "exporter" "--topics" (.Values.exporter.topics | int | toString) }}
{{- range .Values.exporter.pin }}{{- $args = concat $args (list "--pin" .) }}{{- end }}
exporter:
  args: {{ $args | toJson }}
  port: 8611
  workload: Deployment
{{- end }}
{{- if .Values.learner.enabled }}
learner:
  args: [learner]
  port: 8609
  workload: StatefulSet
{{- end }}
{{- end -}}

{{- /* The values of a component: a role's, or its own. Takes root and name. */ -}}
{{- define "finsurge.valuesOf" -}}
{{- if hasKey .root.Values.roles .name -}}
{{- index .root.Values.roles .name | toYaml -}}
{{- else -}}
{{- index .root.Values .name | toYaml -}}
{{- end -}}
{{- end -}}

{{- /* Whether a role stands still for a rebuild: "yes", or nothing. Takes root and name. */ -}}
{{- define "finsurge.isPaused" -}}
{{- if and .root.Values.rebuilding (has .name (list "link" "trends" "surges")) -}}yes{{- end -}}
{{- end -}}
