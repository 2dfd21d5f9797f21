{{- /* A pod that makes or checks the Kafka topics and ends. Takes root, command and serviceAccount. */ -}}
{{- define "finsurge.topicsPod" -}}
{{- $pod := dict "root" .root "name" "topics" -}}
restartPolicy: Never
serviceAccountName: {{ .serviceAccount }}
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
containers:
  - name: topics
    image: {{ include "finsurge.image" (dict "root" .root "component" dict) }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args: [topics, {{ .command }}]
    env:
      {{- include "finsurge.settings" .root | nindent 6 }}
      - name: FINSURGE_STATE_DIR
        value: /tmp
    resources:
      {{- toYaml .root.Values.topicsJob.resources | nindent 6 }}
    securityContext:
      {{- include "finsurge.containerSecurity" . | nindent 6 }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      {{- with include "finsurge.keysMount" $pod }}
      {{- . | nindent 6 }}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  {{- with include "finsurge.keysVolume" $pod }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}
