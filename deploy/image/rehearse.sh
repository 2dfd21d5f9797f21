#!/usr/bin/env bash
# Builds the image by its Dockerfile and runs it, on a Debian without a container engine: in chroots, as root.
#   apt-get install buildah crun debootstrap; deploy/image/rehearse.sh [folder for 20 GB]
# The base is Debian's own Python 3.11 in the place of the official image; --build-arg and the like go to BUILD_ARGS.
set -euo pipefail
cd "$(dirname "$0")/../.."

work="$(mkdir -p "${1:-.finsurge/rehearsal}" && cd "${1:-.finsurge/rehearsal}" && pwd)"
storage=(--root "$work/storage" --runroot "$work/runroot" --storage-driver overlay)
base=localhost/python:debian
image=localhost/finsurge:rehearsal
read -ra build_args <<< "${BUILD_ARGS:-}"

b() {
  buildah "${storage[@]}" "$@"
}

make_base() {
  local root="$work/base" container
  [ -d "$root" ] || debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$root"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  # where this machine stands behind a proxy with a certificate of its own
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > "$root/etc/pip.conf"
  container="$(b from scratch)"
  b add --quiet "$container" "$root" /
  b commit --quiet "$container" "$base"
  b rm "$container" > /dev/null
}

inside() { # COMMAND...: as the image's user, with its variables, in its folder
  b run --isolation chroot "$container" -- "$@"
}

b inspect --type image "$base" > /dev/null 2>&1 || make_base
b bud --isolation chroot --format docker --layers --build-arg PYTHON_IMAGE="$base" "${build_args[@]}" \
  --file deploy/image/Dockerfile --tag "$image" .
b images

container="$(b from "$image")"
trap 'b rm "$container" > /dev/null' EXIT
echo '--- who runs, and what is there'
inside id
inside du -sm /opt/finsurge /opt/bytecode
inside python -c '
import json, sys
bill = json.load(open("/opt/finsurge/sbom.cdx.json"))
print(bill["bomFormat"], bill["specVersion"], len(bill["components"]), "components, of", bill["metadata"]["component"]["name"])
assert not {"triton", "scikit-learn", "pip"} & {each["name"] for each in bill["components"]}
assert sys.pycache_prefix == "/opt/bytecode"'
echo '--- a document is read'
inside sh -c 'echo "{\"text\": \"Tesla recalls cars after brake failures\", \"published_at\": \"2026-01-01T00:00:00Z\"}" > /tmp/news.jsonl
  finsurge replay /tmp/news.jsonl --out /tmp/replayed && grep -o "\"sentiment\":[^]]*]" /tmp/replayed/decisions.jsonl'
echo '--- nothing runs: the health check says so'
if inside finsurge health; then exit 1; fi
echo "--- what a worker needs, at ${FINSURGE_BROKER:-kafka://127.0.0.1:9092}"
inside env FINSURGE_BROKER="${FINSURGE_BROKER:-kafka://127.0.0.1:9092}" finsurge doctor || true
