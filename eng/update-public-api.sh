#!/usr/bin/env bash
# Writes every public member of the libraries to their PublicAPI.Unshipped.txt, so that a review sees what a change adds or takes away.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1
for project in XLstm.Kernels XLstm XLstm.Training XLstm.Forecasting XLstm.Extensions.AI; do
    api="src/$project/PublicAPI.Unshipped.txt"
    echo '#nullable enable' > "$api"
    # The analyzer names what the file lacks; one clean build tells all.
    dotnet build -c Release --no-incremental "src/$project" 2>&1 |
        sed -n "s/.*error RS0016: Symbol '\(.*\)' is not part of the declared public API.*/\1/p" | LC_ALL=C sort -u > "$api.new" || true
    cat "$api.new" >> "$api"
    rm "$api.new"
    echo "$project: $(($(wc -l < "$api") - 1)) members"
done
dotnet build -c Release src/XLstm.Forecasting
