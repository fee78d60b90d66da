set -euo pipefail
rm -rf handed-in results && mkdir handed-in results
count=0
for folder in $FOLDERS; do
  [ -d "work/$folder" ] && [ ! -L "work/$folder" ] || continue
  while IFS= read -r -d '' notebook; do
    # What the course has just so is not the learner's.
    if ! cmp -s -- "work/$notebook" "course/$notebook"; then
      mkdir -p "handed-in/$(dirname "$notebook")"
      cp -- "work/$notebook" "handed-in/$notebook"
      count=$((count + 1))
    fi
  done < <(cd work && find "$folder" -type f -name '*.ipynb' -not -path '*/.*' -print0 | sort -z)
done
echo "handed-in=$count" >> "${GITHUB_OUTPUT:-/dev/null}"
if [ "$count" = 0 ]; then
  echo "No notebook of the course was changed."
  exit 0
fi
set --
if [ -n "${VARIANTS:-}" ]; then
  drawn=$(mktemp)
  printf '%s\n' "$VARIANTS" > "$drawn"
  set -- --variants "$drawn" --learner="$LEARNER"
fi
hornbook grade handed-in --course course --require-level "$LEVEL" --quiet "$@" \
  --jsonl results/results.jsonl --report results/results.xml --report results/results.html
