#!/bin/sh
# Takes another version of LiteRT.js from npm into this folder: sh update.sh 2.5.3
set -eu
version=$1
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
for name in core wasm-utils; do
    npm pack --silent "@litertjs/$name@$version"
    mkdir "$name"
    tar -xzf "litertjs-$name-$version.tgz" -C "$name" --strip-components 1
done
cp core/dist/index.js "$here/core.js"
cp wasm-utils/dist/index.js "$here/wasm_utils.js"
cp core/wasm/litert_wasm_compat_internal.js "$here/"
gzip -9 -n -c core/wasm/litert_wasm_compat_internal.wasm > "$here/litert_wasm_compat_internal.wasm.gz"
sha256sum core/dist/index.js wasm-utils/dist/index.js core/wasm/litert_wasm_compat_internal.*
