#!/usr/bin/env bash
# docker/build.sh [tag] — builds the images canopy/<service>:<tag> of the three services; the tag is "dev" by default.
# Prepares a context with production dependencies on the host, then builds without network.
set -euo pipefail
cd "$(dirname "$0")/.."
tag=${1:-dev}
context=$(mktemp -d "${TMPDIR:-/tmp}/canopy-context.XXXXXX")
log=$(mktemp)
trap 'rm -rf "$context" "$log"' EXIT
PATH=$PWD/node_modules/.bin:$PATH node tools/docker-context.ts "$context"
(cd "$context" && npm install --omit=dev --omit=optional --ignore-scripts --prefer-offline --no-audit --no-fund --silent)
# A service is started from its own folder; nobody imports it by name.
rm -f "$context"/node_modules/@canopy/{authentication-service,key-directory,delivery-service}
for service in authentication-service key-directory delivery-service; do
  docker build --network=none --target "$service" --tag "canopy/$service:$tag" \
    ${NODE_IMAGE:+--build-arg NODE_IMAGE="$NODE_IMAGE"} --file docker/Dockerfile "$context" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  echo "canopy/$service:$tag"
done
