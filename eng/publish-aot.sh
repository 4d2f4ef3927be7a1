#!/usr/bin/env bash
# Builds the command as one native program, lets it speak, and prints sizes and times (medians of 21 runs).
#   eng/publish-aot.sh [FOLDER [INSTRUCTION-SET]]    runs/aot, x86-64-v3 on x64; "native" for this machine alone
# Needs a linker beside the SDK: on Debian and Ubuntu the packages clang and zlib1g-dev, on macOS the Xcode tools.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1
out=$PWD/${1:-runs/aot}
[[ ${1:-} = /* ]] && out=$1
rm -rf "$out"
dotnet publish -c Release src/XLstm.Cli --use-current-runtime -p:PublishAot=true ${2:+-p:IlcInstructionSet="$2"} -o "$out"

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
speak() { "$out/xlstm" generate --prompt "Up betimes, and" --seed 1 "$@"; }
milliseconds() { # milliseconds COMMAND...: median of 21 runs
    for _ in $(seq 21); do
        local start=$EPOCHREALTIME
        "$@" > /dev/null 2>&1
        local end=$EPOCHREALTIME
        echo $((${end/./} - ${start/./}))
    done | sort -n | awk 'NR == 11 { printf "%.1f ms", $1 / 1000 }'
}

"$out/xlstm" --version
speak --max-tokens 200 --temperature 0.6 2>/dev/null
echo
[ "$(speak --max-tokens 200 2>/dev/null | wc -c)" -ge 200 ]
echo "--version       $(milliseconds "$out/xlstm" --version)"
echo "first token     $(milliseconds speak --max-tokens 1)"
echo "the program     $(stat -c %s "$out/xlstm" 2>/dev/null || stat -f %z "$out/xlstm") bytes"
echo "all of $out: $(du -sk "$out" | cut -f1) KiB"
