# shellcheck shell=bash
# onnxruntime-node for the scripts that measure beside it. Sourced after lib.sh.

onnxruntime=1.30.0

# install_onnxruntime DIR: into DIR, where git does not look. Without install scripts: the package holds the library
# for CPUs, and its script would only fetch the one for GPUs.
install_onnxruntime()
{
    local output
    if grep -q "\"version\": \"$onnxruntime\"" "$1/node_modules/onnxruntime-node/package.json" 2>/dev/null; then
        return
    fi
    if ! have node; then
        die 2 "node is missing; in Debian it is the package nodejs"
    fi
    say "installing onnxruntime-node $onnxruntime into $1"
    output=$(npm install --prefix "$1" --ignore-scripts --no-save --no-audit --no-fund \
        --loglevel=error "onnxruntime-node@$onnxruntime" 2>&1) || {
        printf '%s\n' "$output" >&2
        die 1 "npm could not install onnxruntime-node"
    }
}
