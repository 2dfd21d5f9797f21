{{- define "finsurge.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "finsurge.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* What every pod of the chart begins with. Takes root. */ -}}
{{- define "finsurge.podHead" -}}
serviceAccountName: {{ include "finsurge.serviceAccountName" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext:
  {{- include "finsurge.podSecurity" . | nindent 2 }}
{{- end -}}

{{- /* The spec of a component's pods. Takes root, name, args, port, workload and component. */ -}}
{{- define "finsurge.pod" -}}
{{- $gpu := dig "gpu" "enabled" false .component -}}
{{ include "finsurge.podHead" . }}
terminationGracePeriodSeconds: {{ .component.terminationGracePeriodSeconds | int }}
{{- with .component.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $tolerations := .component.tolerations }}
{{- if $gpu }}
{{- $tolerations = append $tolerations (dict "key" "nvidia.com/gpu" "operator" "Exists" "effect" "NoSchedule") }}
{{- with .component.gpu.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- end }}
{{- with $tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .component.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
{{- range $key, $when := dict "topology.kubernetes.io/zone" .root.Values.topologySpread.zone "kubernetes.io/hostname" .root.Values.topologySpread.host }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $when }}
    labelSelector:
      matchLabels:
        {{- include "finsurge.selector" $.root | nindent 8 }}
        app.kubernetes.io/component: {{ $.name }}
    {{- if eq $.workload "Deployment" }}
    matchLabelKeys: [pod-template-hash]
    {{- end }}
{{- end }}
containers:
  - name: {{ .name }}
    image: {{ include "finsurge.image" . }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args: {{ .args | toJson }}
    env:
      {{- include "finsurge.environment" . | nindent 6 }}
    {{- with include "finsurge.secretEnvironment" . | trim }}
    envFrom:
      {{- . | nindent 6 }}
    {{- end }}
    ports:
      - name: http
        containerPort: {{ .port }}
        protocol: TCP
    # a policy that loads, or a registry that is slow, has ten minutes
    startupProbe:
      httpGet: {path: /healthz, port: http}
      periodSeconds: 5
      timeoutSeconds: 5
      failureThreshold: 120
    # /healthz says itself how long nothing may move
    livenessProbe:
      httpGet: {path: /healthz, port: http}
      periodSeconds: 20
      timeoutSeconds: 10
      failureThreshold: 6
    readinessProbe:
      httpGet: {path: /readyz, port: http}
      periodSeconds: 5
      timeoutSeconds: 5
      failureThreshold: 3
    {{- $resources := deepCopy .component.resources }}
    {{- if $gpu }}
    {{- $_ := set $resources.limits "nvidia.com/gpu" (.component.gpu.count | int) }}
    {{- end }}
    resources:
      {{- toYaml $resources | nindent 6 }}
    securityContext:
      {{- include "finsurge.containerSecurity" . | nindent 6 }}
    volumeMounts:
      - {name: state, mountPath: /var/lib/finsurge}
      - {name: tmp, mountPath: /tmp}
      {{- with include "finsurge.mounts" . | trim }}
      {{- . | nindent 6 }}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  {{- if eq .workload "Deployment" }}
  - name: state
    emptyDir: {}
  {{- end }}
  {{- with include "finsurge.volumes" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- /* A changed file of this chart replaces pods; the analysts', which are read again by themselves, do not. */ -}}
{{- define "finsurge.podAnnotations" -}}
{{- $inline := omit .root.Values.files "analysts" -}}
checksum/files: {{ $inline | toJson | sha256sum }}
{{- with .component.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}
