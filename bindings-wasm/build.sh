#!/usr/bin/env bash
# Builds wasm/symbolon.wasm, with all roles, and a module for each role alone, as wasm/client.wasm. Needs the target
# wasm32-unknown-unknown, and npm for wasm-opt.
set -euo pipefail
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-../target}
[ node_modules/.package-lock.json -nt package.json ] || npm install --no-progress

# SHA-256 in a loop takes 7 KiB less than unrolled. No flow comes near the end of a stack of 64 KiB: a test looks. The stack
# pointer is exported because JavaScript zeros the stack.
# Paths of the machine stay out of what is shipped.
export RUSTFLAGS="--cfg sha2_backend_soft=\"compact\" -Clink-arg=-zstack-size=65536 -Clink-arg=--export=__stack_pointer --remap-path-prefix=$HOME=~ --remap-path-prefix=$(realpath ..)=symbolon"
mkdir -p wasm
for roles in symbolon=server,client,resource client=client server=server resource=resource; do
    cargo build -q -p symbolon-wasm --target wasm32-unknown-unknown --profile wasm --no-default-features --features "${roles#*=}"
    npx --no-install wasm-opt -Oz --enable-bulk-memory --enable-sign-ext --enable-mutable-globals --enable-nontrapping-float-to-int \
        --enable-multivalue --enable-reference-types --strip-debug --strip-producers --strip-target-features \
        "$target/wasm32-unknown-unknown/wasm/symbolon_wasm.wasm" -o "wasm/${roles%%=*}.wasm"
done
