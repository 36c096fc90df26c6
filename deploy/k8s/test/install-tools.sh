#!/usr/bin/env bash
# Builds what `npm run test:cluster` needs, each at a pinned version, into the user's cache folder; prints that folder.
# kube-apiserver, kubectl and etcd are not available as packages, so they are built from their Go modules: about eight
# minutes of one core the first time, nothing after it. Needs Go 1.26 or later (`GO` names it) and Python's venv.
set -euo pipefail
KUBERNETES=1.34.2
ETCD=3.6.5
KUBE_SCORE=1.20.0
KUBECONFORM=0.8.0
CHECKOV=3.2.529

cache=${XDG_CACHE_HOME:-$HOME/.cache}/quittance/cluster-$KUBERNETES
go=${GO:-go}
bin=$cache/bin
command -v "$go" >/dev/null || {
  printf 'Go 1.26 or later is needed, to build kube-apiserver. GO=<path> names it.\n' >&2
  exit 1
}
mkdir -p "$bin"
export CGO_ENABLED=0 GOFLAGS='-mod=mod -trimpath -buildvcs=false' GOWORK=off

# One run at a time: two builds side by side take longer than one after the other.
exec 9>"$cache/lock"
flock 9

module() { # name: an empty folder for a module of our own, outside the repository
  rm -rf "${cache:?}/build/$1"
  mkdir -p "$cache/build/$1"
  cd "$cache/build/$1"
}

build_etcd() {
  module etcd
  cat >main.go <<'GO'
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
GO
  printf 'module cluster.test/etcd\n\ngo 1.24.0\n' >go.mod
  "$go" get "go.etcd.io/etcd/server/v3@v$ETCD"
  "$go" build -p 2 -ldflags '-s -w' -o "$bin/etcd" .
}

# k8s.io/kubernetes names its staging modules v0.0.0 and replaces them by folders that its module does not contain.
# Here each is the module of that name, published at the same release.
build_kubernetes() {
  module kubernetes
  local from
  from=$("$go" mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
  local staging=v0.${KUBERNETES#1.}
  mkdir apiserver
  cat >apiserver/main.go <<'GO'
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
GO
  {
    printf 'module cluster.test/kubernetes\n\n'
    grep -E '^(go|godebug) ' "$from/go.mod"
    sed -n '/^require (/,/^)/p' "$from/go.mod" | sed -E "s/^(\t[^ ]+) v0\.0\.0( |\$)/\1 $staging\2/"
    printf 'require k8s.io/kubernetes v%s\n' "$KUBERNETES"
    sed -nE "s|^\t(k8s\.io/[^ ]+) => \./staging/.*|replace \1 => \1 $staging|p" "$from/go.mod"
  } >go.mod
  cp "$from/go.sum" go.sum
  chmod u+w go.sum
  local version="-X k8s.io/component-base/version.gitVersion=v$KUBERNETES -X k8s.io/client-go/pkg/version.gitVersion=v$KUBERNETES"
  "$go" build -p 2 -ldflags "-s -w $version" -o "$bin/kube-apiserver" ./apiserver
  "$go" build -p 2 -ldflags "-s -w $version" -o "$bin/kubectl" k8s.io/kubernetes/cmd/kubectl
}

installed() { # program version: whether that version of it stands in the cache
  [[ -x $bin/$1 && $(cat "$bin/.$1-version" 2>/dev/null) == "$2" ]]
}
mark() { printf '%s' "$2" >"$bin/.$1-version"; }

if ! installed etcd "$ETCD"; then build_etcd >&2 && mark etcd "$ETCD"; fi
if ! { installed kube-apiserver "$KUBERNETES" && installed kubectl "$KUBERNETES"; }; then
  build_kubernetes >&2
  mark kube-apiserver "$KUBERNETES"
  mark kubectl "$KUBERNETES"
fi
cd "$cache"
if ! installed kube-score "$KUBE_SCORE"; then
  GOFLAGS=-trimpath GOBIN=$bin "$go" install -p 2 "github.com/zegl/kube-score/cmd/kube-score@v$KUBE_SCORE" >&2
  mark kube-score "$KUBE_SCORE"
fi
if ! installed kubeconform "$KUBECONFORM"; then
  GOFLAGS=-trimpath GOBIN=$bin "$go" install -p 2 "github.com/yannh/kubeconform/cmd/kubeconform@v$KUBECONFORM" >&2
  mark kubeconform "$KUBECONFORM"
fi
if ! installed checkov "$CHECKOV"; then
  python3 -m venv "$cache/checkov"
  "$cache/checkov/bin/pip" install -q --disable-pip-version-check "checkov==$CHECKOV" >&2
  ln -sf "$cache/checkov/bin/checkov" "$bin/checkov"
  mark checkov "$CHECKOV"
fi
rm -rf "$cache/build"
printf '%s\n' "$cache"
